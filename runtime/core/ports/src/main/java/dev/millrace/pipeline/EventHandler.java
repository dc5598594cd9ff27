package dev.millrace.pipeline;

/** Handles an event. Must be a function of the event and of the values that its Context returns. */
public interface EventHandler {
  /** The name in messages, for instance {@code Token.Transferred}. */
  String name();

  void handle(SourceEvent event, Context context) throws Exception;
}
