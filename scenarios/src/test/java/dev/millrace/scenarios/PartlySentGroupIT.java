package dev.millrace.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.clickhouse.ClickHouseMirror;
import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.lane.LaneSettings;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.Storage;
import dev.millrace.pipeline.Failpoint.Point;
import dev.millrace.pipeline.Indexer;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.simulation.SimulatedStores;
import dev.millrace.testkit.ScriptedSource;
import dev.millrace.testkit.SerialOracle;
import dev.millrace.testkit.StepGates;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** A group of several batches of which ClickHouse has a part when a row is refused. */
@Timeout(300)
@ExtendWith({EngineIsThere.class, SharedServers.class})
final class PartlySentGroupIT {
  private static final String LANE = "1";

  /** A row whose table is sent first. */
  @Entity(immutable = true)
  record Entry(@Id long id, long value) {}

  private static final AtomicBoolean BROKEN = new AtomicBoolean();

  /** A row whose accessor throws where the mirror writes it, long after it was saved. */
  @Entity(immutable = true)
  record Remark(@Id long id) {
    @Override
    public long id() {
      if (BROKEN.get() && Thread.currentThread().getName().endsWith("-mirror")) {
        throw new IllegalStateException("not here");
      }
      return id;
    }
  }

  private record Definition(String name, List<EntityType<?>> entities) implements Indexer {
    @Override
    public Storage storage(EntityType<?> type) {
      return Storage.BOTH;
    }

    @Override
    public SortedMap<String, String> sourceRequirements() {
      return new TreeMap<>();
    }
  }

  private final Indexer indexer =
      new Definition(
          "partly_sent", List.of(EntityType.of(Entry.class), EntityType.of(Remark.class)));
  private final DatabaseSettings database = SharedServers.database();
  private final MirrorSettings mirror = SharedServers.mirror(indexer.name());
  private final RealStores stores = new RealStores(indexer, database, mirror);
  private final ScriptedSource script = new ScriptedSource();
  private final StepGates gates = new StepGates();

  @BeforeEach
  @AfterEach
  void reset() {
    BROKEN.set(false);
    PostgresStore.reset(database, indexer.name());
    ClickHouseMirror.reset(mirror);
  }

  private static ScriptedSource.Step entry(long id) {
    return context -> context.save(new Entry(id, 10 * id));
  }

  private Lane started(SimulatedStores.Opened opened) {
    Lane lane =
        new Lane(
            LANE,
            indexer,
            script,
            opened.takeOver(LANE),
            new LaneSettings(8, 1, 64L << 20, 64L << 20),
            gates);
    lane.start();
    return lane;
  }

  /** Lets batches 2 to 4 pile up before the mirror, which takes them at once. */
  private LaneOutcome runWithAGroup() throws InterruptedException {
    script.open().block(entry(1));
    StepGates.Gate first = gates.hold(Point.BEFORE_MIRROR, 1);
    StepGates.Gate last = gates.hold(Point.AFTER_RUN, 5);
    try (SimulatedStores.Opened opened = stores.open(gates);
        Lane lane = started(opened)) {
      first.await();
      script
          .block(entry(2))
          .block(entry(3))
          .block(entry(4), context -> context.save(new Remark(4)))
          .block(entry(5))
          .end();
      last.await();
      first.release();
      gates.awaitPassed(Point.COMMITTED, 1);
      gates.awaitPassed(Point.BEFORE_MIRROR, 4);
      last.release();
      return lane.await();
    }
  }

  private LaneOutcome run() throws InterruptedException {
    try (SimulatedStores.Opened opened = stores.open(gates);
        Lane lane = started(opened)) {
      return lane.await();
    }
  }

  @Test
  @Tag("K29")
  @DisplayName("K29 an accessor throws for a later batch of a group of which a part was sent")
  void accessor_thatThrowsWhenAPartWasSentDoublesNoRow() throws Exception {
    BROKEN.set(true);

    LaneOutcome end = runWithAGroup();
    assertThat(gates.passed(Point.MIRRORING)).as("inserts by the group's last batch").contains(4L);
    assertThat(end).isInstanceOf(LaneOutcome.Failed.class);
    MillraceException failure = ((LaneOutcome.Failed) end).failure();
    assertThat(failure.remedy()).isEqualTo(Remedy.FIX_HANDLER); // a restart alone does not help
    assertThat(failure)
        .hasMessageContaining(
            "event failed: block=3 logIndex=1 handler=step reason=\"accessor failed: entity=Remark"
                + " field=id error=java.lang.IllegalStateException: not here\"");
    assertThat(stores.query("SELECT id FROM entry ORDER BY id").lines()).containsExactly("1");

    BROKEN.set(false);
    assertThat(run()).isEqualTo(new LaneOutcome.Done());
    assertThat(stores.query("SELECT id, value FROM entry ORDER BY id").lines())
        .containsExactly("1\t10", "2\t20", "3\t30", "4\t40", "5\t50");
    assertThat(stores.query("SELECT id FROM remark").lines()).containsExactly("4");
    assertThat(stores.query("SELECT checkpoint FROM millrace_checkpoints ORDER BY 1").lines())
        .containsExactly("1", "2", "3", "4", "5");
    SerialOracle oracle = new SerialOracle(indexer).run(script);
    assertThat(stores.differences(LANE, oracle, true)).isEmpty();
  }
}
