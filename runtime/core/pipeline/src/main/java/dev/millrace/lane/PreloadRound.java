package dev.millrace.lane;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Query;
import dev.millrace.pipeline.Effect;
import dev.millrace.staging.LoadRound;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The reads that the tasks of a preload wait for, rows and stored answers of effects, sent
 * together.
 *
 * <p>Guarded by the lock of its {@link Rehearsal}, except {@link #send}.
 */
final class PreloadRound {
  private final Memory memory;
  private final LoadRound rows;
  private final Map<Effect<?, ?>, Set<String>> effects = new LinkedHashMap<>();

  PreloadRound(Memory memory) {
    this.memory = memory;
    this.rows = memory.loader().round();
  }

  void want(EntityType<?> type, Object id) {
    rows.want(type, id);
  }

  void want(Query<?> query) {
    rows.want(query);
  }

  void want(Effect<?, ?> effect, String input) {
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
