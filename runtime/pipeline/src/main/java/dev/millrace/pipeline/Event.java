package dev.millrace.pipeline;

import dev.millrace.loaders.EventId;

/**
 * One item of the stream: where it stands, what it says, and who handles it.
 *
 * @param payload the decoded event, in whatever form the handler's module gives it
 */
public record Event(Block block, int logIndex, EventHandler handler, Object payload) {
  public EventId id() {
    return EventId.of(block.number(), logIndex);
  }

  /** How messages name it. */
  public String describe() {
    return "block=%d logIndex=%d handler=%s".formatted(block.number(), logIndex, handler.name());
  }
}
