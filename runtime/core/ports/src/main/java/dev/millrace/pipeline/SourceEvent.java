package dev.millrace.pipeline;

import dev.millrace.loaders.EventId;

/**
 * One event of the stream: its position, its payload and its handler.
 *
 * @param payload the decoded event, in the form that the handler's module gives it
 */
public record SourceEvent(SourceBlock block, int logIndex, EventHandler handler, Object payload) {
  public EventId id() {
    return EventId.of(block.number(), logIndex);
  }

  /** Describes the event for messages. */
  public String describe() {
    return "block=%d logIndex=%d handler=%s".formatted(block.number(), logIndex, handler.name());
  }
}
