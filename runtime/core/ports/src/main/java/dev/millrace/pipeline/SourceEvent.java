package dev.millrace.pipeline;

import dev.millrace.loaders.EventId;

/**
 * One event of the stream: its position, its payload and its handler.
 *
 * @param payload the decoded event, in the form that the handler's module gives it
 * @param bytes rough measure of the heap that the event takes
 */
public record SourceEvent(
    SourceBlock block, int logIndex, EventHandler handler, Object payload, int bytes) {
  /** Heap of a small decoded event: a few objects and their numbers. */
  public static final int SMALL_BYTES = 200;

  /** Creates an event with a small payload. */
  public SourceEvent(SourceBlock block, int logIndex, EventHandler handler, Object payload) {
    this(block, logIndex, handler, payload, SMALL_BYTES);
  }

  public EventId id() {
    return EventId.of(block.number(), logIndex);
  }

  /** Describes the event for messages. */
  public String describe() {
    return "block=%d logIndex=%d handler=%s".formatted(block.number(), logIndex, handler.name());
  }
}
