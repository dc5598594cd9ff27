package dev.millrace.simulation;

import dev.millrace.loaders.EntityType;
import dev.millrace.pipeline.CommitStore;
import dev.millrace.pipeline.EpochEnds;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.pipeline.EventTrigger;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.LaneStores;
import dev.millrace.pipeline.Source;
import dev.millrace.testkit.RowVersion;
import dev.millrace.testkit.SerialOracle;
import dev.millrace.testkit.UndoLogRow;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;

/** The stores of a simulation in memory, with random delays and errors of their own. */
final class SimulatedMemoryStores implements SimulatedStores {
  private static final int CALLS_PER_TIMEOUT = 30;
  private static final int MAX_TIMEOUTS = 4;

  private final Indexer indexer;
  private final RandomDisturbance weather;
  private final MemoryStore store;
  private final Optional<MemoryMirror> mirror;
  private final List<EntityType<?>> mirrored;

  /** In every other seed there is no housekeeping, and dead rows stay where they could be seen. */
  private final boolean cleaned;

  private final AtomicInteger timeouts = new AtomicInteger();
  private volatile String seenTorn = "";

  SimulatedMemoryStores(Indexer indexer, long seed) {
    this.indexer = indexer;
    this.weather = new RandomDisturbance(seed);
    this.cleaned = seed % 2 == 0;
    this.store = new MemoryStore(indexer);
    this.mirrored =
        indexer.entities().stream().filter(type -> indexer.storage(type).isMirrored()).toList();
    this.mirror = mirrored.isEmpty() ? Optional.empty() : Optional.of(new MemoryMirror(indexer));
    store.beforeQuery(_ -> weather.fault());
    store.afterQuery(_ -> weather.linger());
    mirror.ifPresent(copy -> {
      store.keepingStates();
      copy.blocksOf(1 + (int) (seed % 5));
      copy.timesOut(_ -> timesOut());
    });
  }

  /** Limited in number: a group of many blocks would otherwise never go through whole. */
  private boolean timesOut() {
    return weather.chance(CALLS_PER_TIMEOUT) && timeouts.incrementAndGet() <= MAX_TIMEOUTS;
  }

  @Override
  public Opened open(Failpoint failpoint) {
    Failpoint slowed = weather.slowed(failpoint);
    CommitStore opened = store.opened(slowed);
    return new Opened() {
      @Override
      public LaneStores takeOver(String lane) {
        return new LaneStores(opened.takeOver(lane), mirror.map(copy -> copy.opened(lane, slowed)));
      }

      @Override
      public void close() {
        opened.close();
      }
    };
  }

  @Override
  public boolean letsProcessesOverlap() {
    return mirror.isPresent();
  }

  @Override
  public Optional<Source.BlockRef> reached(String lane) {
    return Optional.ofNullable(store.frontier(lane).place());
  }

  /** Reads the mirror, applies late calls, runs housekeeping. */
  @Override
  public void disturb(String lane, Random dice) {
    if (mirror.isPresent()) {
      MemoryMirror copy = mirror.get();
      copy.locked(() -> {
        look(lane, copy);
        return true;
      });
      if (dice.nextInt(4) == 0) {
        copy.land();
      }
      if (cleaned && dice.nextInt(4) == 0) {
        copy.clean(lane);
      }
    }
  }

  /** Checks that the visible rows were once durable as a whole, after the published commit. */
  private void look(String lane, MemoryMirror copy) {
    EpochEnds said = copy.published(lane).orElse(null);
    if (said == null) {
      return;
    }
    for (EntityType<?> type : mirrored) {
      if (indexer.storage(type).isInPostgres()) {
        Map<Object, Object> durable = store.rows(lane, type, said.publisherEpoch(), said.commit());
        Map<Object, ?> seen = copy.rows(lane, type);
        if (!seen.equals(durable)) {
          seenTorn =
              "reader saw what was never durable: table=%s lane=%s said=%s durable=%s seen=%s"
                  .formatted(type.table(), lane, said, durable, seen);
        }
      }
    }
  }

  @Override
  public List<String> differences(String lane, SerialOracle oracle, boolean over) {
    List<String> wrong = new ArrayList<>();
    if (!seenTorn.isEmpty()) {
      wrong.add(seenTorn);
    }
    List<EventTrigger> triggers = store.triggers(lane);
    if (!triggers.equals(oracle.triggers())) {
      wrong.add("triggers: expected=%s found=%s".formatted(oracle.triggers(), triggers));
    }
    mirror.ifPresent(copy -> compare(lane, oracle, copy, over, wrong));
    if (over) {
      compareHistory(lane, oracle, wrong);
    }
    return wrong;
  }

  private void compare(
      String lane, SerialOracle oracle, MemoryMirror copy, boolean over, List<String> wrong) {
    EpochHistory epochHistory = store.epochHistory(lane);
    for (int round = 0; round < (over ? 2 : 1); round++) {
      for (EntityType<?> type : mirrored) {
        List<RowVersion> durable = copy.versions(lane, type, epochHistory);
        wrong.addAll(MirrorHistoryCheck.differences(type, oracle, epochHistory, durable));
        if (over && !durable.equals(copy.versions(lane, type))) {
          wrong.add("not all is published: table=" + type.table());
        }
      }
      if (over) {
        copy.land();
        copy.clean(lane);
      }
    }
  }

  /** Checks that the undo log holds the rows before each block of the window, and nothing else. */
  private void compareHistory(String lane, SerialOracle oracle, List<String> wrong) {
    List<String> answers =
        store.effects(lane).stream()
            .map(answer -> answer.effect() + "@" + answer.checkpoint())
            .sorted()
            .toList();
    if (!answers.equals(oracle.keptAnswers())) {
      wrong.add("stored answers: expected=%s found=%s".formatted(oracle.keptAnswers(), answers));
    }
    List<String> stored =
        indexer.entities().stream()
            .filter(type -> indexer.storage(type).isInPostgres())
            .map(EntityType::table)
            .toList();
    List<UndoLogRow> expected =
        sorted(
            oracle.undo(store.finalCheckpoint(lane)).stream()
                .filter(row -> stored.contains(row.table()))
                .toList());
    List<UndoLogRow> found = sorted(store.undo(lane));
    if (!found.equals(expected)) {
      List<UndoLogRow> missing = new ArrayList<>(expected);
      missing.removeAll(found);
      List<UndoLogRow> extra = new ArrayList<>(found);
      extra.removeAll(expected);
      wrong.add("undo log differs: missing=%s extra=%s".formatted(missing, extra));
    }
  }

  private static List<UndoLogRow> sorted(List<UndoLogRow> rows) {
    return rows.stream()
        .sorted(
            Comparator.comparingLong(UndoLogRow::checkpoint)
                .thenComparing(UndoLogRow::table)
                .thenComparing(row -> row.id().toString()))
        .toList();
  }

  /** Number of rewinds of a lane. */
  long rewinds(String lane) {
    return store.rewinds(lane);
  }
}
