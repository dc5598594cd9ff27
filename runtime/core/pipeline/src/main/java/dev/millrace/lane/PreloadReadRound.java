package dev.millrace.lane;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Query;
import dev.millrace.pipeline.Effect;
import dev.millrace.staging.GroupedLoadRound;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The reads that the tasks of a preload wait for, rows and stored answers of effects, sent
 * together.
 *
 * <p>Guarded by the lock of its {@link Preload}, except {@link #send}.
 */
final class PreloadReadRound {
  private final HandlerState memory;
  private final GroupedLoadRound rows;
  private final Map<Effect<?, ?>, Set<String>> effects = new LinkedHashMap<>();

  PreloadReadRound(HandlerState memory) {
    this.memory = memory;
    this.rows = memory.loader().round();
  }

  void request(EntityType<?> type, Object id) {
    rows.request(type, id);
  }

  void request(Query<?> query) {
    rows.request(query);
  }

  void request(Effect<?, ?> effect, String input) {
    effects.computeIfAbsent(effect, _ -> new LinkedHashSet<>()).add(input);
  }

  boolean isEmpty() {
    return rows.isEmpty() && effects.isEmpty();
  }

  /** Loads all requested rows and answers into memory. */
  void send() {
    rows.send();
    effects.forEach((effect, inputs) -> memory.effects().load(effect, List.copyOf(inputs)));
    effects.clear();
  }
}
