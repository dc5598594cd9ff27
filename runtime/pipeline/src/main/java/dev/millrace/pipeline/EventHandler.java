package dev.millrace.pipeline;

/** What runs for an event. It must be a function of the event and of what its Context returns. */
public interface EventHandler {
  /** How messages name it, for instance {@code Token.Transferred}. */
  String name();

  void handle(Event event, Context context) throws Exception;
}
