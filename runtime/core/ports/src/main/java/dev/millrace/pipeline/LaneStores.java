package dev.millrace.pipeline;

import java.util.Optional;

/** The stores of a lane: the one that decides, and the mirror that follows it. */
public record LaneStores(LaneStore store, Optional<LaneMirror> mirror) implements AutoCloseable {
  public LaneStores(LaneStore store) {
    this(store, Optional.empty());
  }

  @Override
  public void close() {
    try (store) {
      mirror.ifPresent(LaneMirror::close);
    }
  }
}
