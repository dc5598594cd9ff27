package dev.millrace.simulation;

import dev.millrace.loaders.EntityType;
import dev.millrace.pipeline.Frontier;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Every state of a lane by epoch and commit, kept only after {@link #begin}. Guarded by the store's
 * lock.
 */
final class LaneStateHistory {
  private final Map<List<Long>, Map<EntityType<?>, Map<Object, Object>>> states = new HashMap<>();

  private boolean wanted;

  void begin() {
    wanted = true;
  }

  void keep(Frontier frontier, Map<EntityType<?>, Map<Object, Object>> tables) {
    if (!wanted) {
      return;
    }
    Map<EntityType<?>, Map<Object, Object>> copy = new LinkedHashMap<>();
    tables.forEach((type, rows) -> copy.put(type, new HashMap<>(rows)));
    states.put(List.of(frontier.epoch(), frontier.commit()), copy);
  }

  /** Returns the rows of a table after a commit of an epoch; null if that state never existed. */
  @Nullable Map<Object, Object> rows(EntityType<?> type, long epoch, long commit) {
    Map<EntityType<?>, Map<Object, Object>> state = states.get(List.of(epoch, commit));
    return state == null ? null : state.get(type);
  }
}
