package dev.millrace.pipeline;

import java.util.Optional;

/** Where a lane becomes durable: the store that decides, and the copy that follows it. */
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
