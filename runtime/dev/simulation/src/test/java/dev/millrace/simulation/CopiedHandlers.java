package dev.millrace.simulation;

import static dev.millrace.simulation.LaneHarness.LANE;
import static dev.millrace.simulation.LaneHarness.cell;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.MirrorOptions;
import dev.millrace.loaders.Storage;
import dev.millrace.loaders.Versions;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.Source;
import dev.millrace.simulation.LaneHarness.Cell;
import dev.millrace.testkit.ScriptedSource;
import dev.millrace.testkit.SerialOracle;
import java.util.ArrayList;
import java.util.List;

/** Entities that are mirrored in every possible way, and the comparison of their copies. */
final class CopiedHandlers {
  private CopiedHandlers() {}

  /** Kept in the mirror alone. */
  @Entity(storage = Storage.CLICKHOUSE)
  record Tally(@Id String id, long value) {}

  /** Mirrored with the least history possible. */
  @Entity(storage = Storage.BOTH)
  @MirrorOptions(versions = Versions.LATEST)
  record Peak(@Id String id, long value) {}

  /** Never changed. */
  @Entity(storage = Storage.BOTH, immutable = true)
  record Note(@Id String id, String text) {}

  static final EntityType<Tally> TALLY = EntityType.of(Tally.class);
  static final EntityType<Peak> PEAK = EntityType.of(Peak.class);
  static final EntityType<Note> NOTE = EntityType.of(Note.class);

  static Indexer definition() {
    return LaneHarness.mirroring(TALLY, PEAK, NOTE);
  }

  static LaneHarness mill() {
    return new LaneHarness(definition());
  }

  static MemoryMirror mirror(LaneHarness mill) {
    return mill.mirror.orElseThrow();
  }

  /** Counts in every table, and saves a note of its own. */
  static ScriptedSource.Step count(String note) {
    return context -> {
      long value = context.find(Cell.class, "all").map(Cell::value).orElse(0L) + 1;
      context.save(cell("all", "", value));
      context.save(new Tally("all", value));
      context.save(new Peak("all", value));
      context.save(new Peak(note, value));
      context.save(new Note(note, "at " + value));
      if (value % 3 == 0) {
        context.delete(Tally.class, "all");
      }
    };
  }

  /** Asserts that the mirror has all durable rows as of every checkpoint, and shows no other. */
  static void assertWhole(LaneHarness mill) throws Exception {
    EpochHistory epochHistory = mill.store.epochHistory(LANE);
    assertThat(differences(mill, epochHistory)).isEmpty();
    for (EntityType<?> type : mill.indexer.entities()) {
      assertThat(mirror(mill).versions(LANE, type))
          .as("published versions of %s", type)
          .isEqualTo(mirror(mill).versions(LANE, type, epochHistory));
    }
  }

  /** Describes how the mirror would differ if everything durable were published. */
  static List<String> differences(LaneHarness mill, EpochHistory epochHistory) throws Exception {
    Source.BlockRef place = mill.store.frontier(LANE).place();
    SerialOracle oracle = new SerialOracle(mill.indexer);
    if (place != null) {
      oracle.run(mill.script, place.block());
    }
    List<String> wrong = new ArrayList<>();
    for (EntityType<?> type : mill.indexer.entities()) {
      wrong.addAll(
          MirrorHistoryCheck.differences(
              type, oracle, epochHistory, mirror(mill).versions(LANE, type, epochHistory)));
    }
    return wrong;
  }

  /** Returns the counter in each table, as a reader of the views sees it. */
  static List<Long> seen(LaneHarness mill) {
    MemoryMirror mirror = mirror(mill);
    return List.of(
        mirror.rows(LANE, LaneHarness.CELL).values().stream().mapToLong(Cell::value).sum(),
        (long) mirror.rows(LANE, PEAK).size() - (mirror.rows(LANE, PEAK).isEmpty() ? 0 : 1),
        (long) mirror.rows(LANE, NOTE).size());
  }
}
