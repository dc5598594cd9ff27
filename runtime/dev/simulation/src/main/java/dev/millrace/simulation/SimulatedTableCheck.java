package dev.millrace.simulation;

import dev.millrace.lane.LaneOutcome;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.RowFilter;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.pipeline.Source;
import dev.millrace.testkit.ScriptedSource;
import dev.millrace.testkit.SerialOracle;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Compares the tables of one simulated lane, and describes the differences. */
final class SimulatedTableCheck {
  private final SimulatedLane lane;
  private final List<String> wrong = new ArrayList<>();

  SimulatedTableCheck(SimulatedLane lane) {
    this.lane = lane;
  }

  List<String> wrong() {
    return wrong;
  }

  /** Returns the oracle at the block that the lane has reached, if it is still on the chain. */
  static Optional<SerialOracle> oracle(SimulatedLane lane, Source.BlockRef place) throws Exception {
    List<ScriptedSource.ScriptedBlock> chain = lane.script().currentBlocks();
    if (place.block() >= chain.size()
        || !place.hash().equals(chain.get((int) place.block()).block().hash())) {
      return Optional.empty();
    }
    SerialOracle oracle = new SerialOracle(lane.program());
    return Optional.of(oracle.run(lane.script(), place.block()));
  }

  /** Compares with the rows that a reader of the store finds after the lane's end. */
  SerialOracle compare(LaneOutcome end, LaneStore held) throws Exception {
    Source.BlockRef place = held.opened().place();
    long reached = place == null ? -1 : place.block();
    if (end instanceof LaneOutcome.Done && reached != lane.script().currentBlocks().size() - 1L) {
      wrong.add("done before the end: block=" + reached);
    }
    if (end instanceof LaneOutcome.Failed && reached >= lane.program().poisonedBlock()) {
      wrong.add("went past a failed event: block=" + reached);
    }
    SerialOracle empty = new SerialOracle(lane.program());
    Optional<SerialOracle> known = place == null ? Optional.of(empty) : oracle(lane, place);
    if (known.isEmpty()) {
      wrong.add("stands on a branch that was left: place=" + place);
    }
    SerialOracle oracle = known.orElse(empty);
    same("checkpoint", oracle.checkpoint(), held.opened().checkpoint());
    same("found contracts", oracle.found(), held.resumePoint().found());
    for (EntityType<?> type : lane.program().entities()) {
      if (lane.program().storage(type).isInPostgres()) {
        compare(type, oracle, held);
      }
    }
    return oracle;
  }

  private void same(String what, Object expected, Object found) {
    if (!expected.equals(found)) {
      wrong.add("%s: expected=%s found=%s".formatted(what, expected, found));
    }
  }

  private <E> void compare(EntityType<E> type, SerialOracle oracle, LaneStore held) {
    Map<Object, E> found = new TreeMap<>(SerialOracle.byId(type));
    for (E row : all(type, held)) {
      found.put(type.id(row), row);
    }
    wrong.addAll(differences(type, oracle.rows(type), found));
  }

  /** Describes the first rows that differ. */
  static List<String> differences(
      EntityType<?> type, Map<Object, ?> expected, Map<Object, ?> found) {
    if (found.equals(expected)) {
      return List.of();
    }
    StringBuilder differences = new StringBuilder("table differs: table=" + type.table());
    Set<Object> ids = new HashSet<>(expected.keySet());
    ids.addAll(found.keySet());
    ids.stream()
        .sorted(SerialOracle.byId(type))
        .filter(id -> !Objects.equals(expected.get(id), found.get(id)))
        .limit(3)
        .forEach(id ->
            differences.append(
                "\n  id=%s\n    expected=%s\n    found   =%s"
                    .formatted(id, expected.get(id), found.get(id))));
    return List.of(differences.toString());
  }

  static <E> List<E> all(EntityType<E> type, LaneStore held) {
    while (true) {
      try {
        return held.reads().matching(type, List.of(new RowFilter(List.of())));
      } catch (MillraceException failed) {
        if (failed.remedy() != Remedy.RETRY) {
          throw failed;
        }
      }
    }
  }
}
