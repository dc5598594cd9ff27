package dev.millrace.simulation;

import static dev.millrace.simulation.CopiedHandlers.assertWhole;
import static dev.millrace.simulation.CopiedHandlers.count;
import static dev.millrace.simulation.CopiedHandlers.mirror;
import static dev.millrace.simulation.LaneHarness.LANE;
import static dev.millrace.simulation.LaneHarness.awaitThat;
import static dev.millrace.simulation.LaneHarness.cell;
import static dev.millrace.simulation.LaneHarness.failing;
import static dev.millrace.simulation.LaneHarness.failure;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Failpoint.Point;
import dev.millrace.testkit.StepGates;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A mirror that refuses rows, and a lane that has to stop while its mirror is at work. */
@Timeout(60)
final class MirrorFailureTest {
  private final LaneHarness mill = CopiedHandlers.mill();

  @AfterEach
  void close() {
    mill.close();
  }

  private void counts(int blocks) {
    for (int i = 0; i < blocks; i++) {
      mill.script.block(count("note " + mill.script.currentBlocks().size()));
    }
  }

  private void runsToTheEnd() throws Exception {
    mill.fault = Failpoint.NONE;
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.cells()).isEqualTo(mill.oracleCells());
    assertWhole(mill);
  }

  /** Lets batches 2 to {@code last} pile up, so that the mirror takes them at once. */
  private Lane startedWithAGroup(int last) {
    return startedWithAGroup(last, () -> {});
  }

  /** Also runs an action while these batches stand before the mirror. */
  private Lane startedWithAGroup(int last, Runnable then) {
    StepGates.Gate first = mill.gates.hold(Point.BEFORE_MIRROR, 1);
    StepGates.Gate next = mill.gates.hold(Point.AFTER_RUN, last + 1);
    StepGates.Gate group = mill.gates.hold(Point.BEFORE_MIRROR, last);
    mill.script.open();
    counts(1);
    Lane lane = mill.start();
    first.await();
    counts(last);
    next.await();
    first.release();
    mill.gates.awaitPassed(Point.COMMITTED, 1); // otherwise its commit may include the group
    group.await();
    next.release();
    then.run();
    group.release();
    return lane;
  }

  @ParameterizedTest(name = "K6 a {0} of an entity in ClickHouse only fails the event, at the call")
  @ValueSource(strings = {"find", "require", "query"})
  @Tag("K6")
  void read_ofAnEntityInTheMirrorOnlyIsRefused(String call) throws Exception {
    Map<String, Consumer<Context>> calls =
        Map.of(
            "find", context -> context.find(CopiedHandlers.Tally.class, "all"),
            "require", context -> context.require(CopiedHandlers.Tally.class, "all"),
            "query",
                context ->
                    context
                        .query(CopiedHandlers.Tally.class)
                        .where(CopiedHandlers.Tally::value)
                        .is(1L)
                        .list());
    Queue<String> thrown = new ConcurrentLinkedQueue<>();
    counts(2);
    mill.notEmpty()
        .script
        .block(
            context ->
                context.find(LaneHarness.Cell.class, "missing"), // the rest is preloaded first
            context -> {
              try {
                Objects.requireNonNull(calls.get(call)).accept(context);
              } catch (RuntimeException refused) {
                thrown.add(refused.getMessage()); // to no avail
              }
            });
    String refusal = "entity is kept in ClickHouse only and cannot be read: entity=Tally";

    assertThat(failure(mill.run()))
        .hasMessageContaining("event failed: block=2 logIndex=1 handler=step reason=\"" + refusal)
        .extracting(MillraceException::remedy)
        .isEqualTo(Remedy.FIX_HANDLER);
    // Once in the run, and once in the preload if that got CPU before it was cut.
    assertThat(thrown).containsOnly(refusal).hasSizeBetween(1, 2);
    assertThat(mill.cells()).containsExactly(cell("all", "", 2), cell("other", "nobody", 0));
    assertThat(mill.store.takeQueries()).noneMatch(query -> query.contains("tally"));
    assertWhole(mill);
  }

  @Test
  @DisplayName("a value that the mirror refuses fails its event, and what precedes it commits")
  void value_thatIsRefusedFailsItsEvent() throws Exception {
    mirror(mill).refuses(row -> row.equals(new CopiedHandlers.Note("note 3", "at 4")));
    Lane lane = startedWithAGroup(5);
    mill.script.end();

    assertThat(failure(lane.await()))
        .hasMessageContaining("mirror failed: batch=4")
        .hasMessageContaining("table=note id=note 3 block=3 logIndex=0 handler=step")
        .hasMessageContaining("lane=" + LANE)
        .extracting(MillraceException::remedy)
        .isEqualTo(Remedy.FIX_HANDLER);
    assertThat(mill.cells()).containsExactly(cell("all", "", 3));
    assertWhole(mill);
    mirror(mill).refuses(_ -> false);
    runsToTheEnd();
  }

  @Test
  @DisplayName("an error of the mirror that stays stops the lane, with what precedes it durable")
  void error_thatStaysStopsTheLane() throws Exception {
    counts(5);
    mill.depth(0).fault = failing(Point.MIRRORING, 3, 9, Remedy.FIX_SETUP);

    assertThat(failure(mill.run()))
        .hasMessageContaining("mirror failed: batch=3")
        .extracting(MillraceException::remedy)
        .isEqualTo(Remedy.FIX_SETUP);
    assertThat(mill.cells()).containsExactly(cell("all", "", 2));
    assertWhole(mill);
    runsToTheEnd();
  }

  @Test
  @DisplayName("a group of which a part was sent is sent again as it was, or not at all")
  void group_thatIsHalfSentKeepsItsShape() throws Exception {
    mill.fault = failing(Point.MIRRORING, 5, 1, Remedy.FIX_SETUP);
    Lane lane = startedWithAGroup(5);
    mill.script.end();

    assertThat(failure(lane.await())).hasMessageContaining("mirror failed: batch=2");
    assertThat(mill.cells()).containsExactly(cell("all", "", 1));
    assertWhole(mill);
    runsToTheEnd();
  }

  @Test
  @Tag("A8")
  @DisplayName("A8 a group that the store takes in part: the mirror shows each batch of that part")
  void group_thatIsCommittedInPart() throws Exception {
    // Commit 2 is the group, then batch 2 alone; commit 3 is batch 3.
    Failpoint group = failing(Point.BEFORE_COMMIT, 2, 1, Remedy.FIX_HANDLER);
    Failpoint culprit = failing(Point.BEFORE_COMMIT, 3, 1, Remedy.FIX_HANDLER);
    mill.fault =
        (point, number) -> {
          group.reached(point, number);
          culprit.reached(point, number);
        };
    Lane lane = startedWithAGroup(4);
    mill.script.end();

    assertThat(failure(lane.await())).hasMessageContaining("batch=3");
    assertThat(mill.cells()).containsExactly(cell("all", "", 2));
    assertThat(mirror(mill).rows(LANE, CopiedHandlers.PEAK).values())
        .contains(new CopiedHandlers.Peak("all", 2));
    assertWhole(mill);
    runsToTheEnd();
  }

  @Test
  @DisplayName("a publication that fails for good ends the lane; the next start publishes")
  void publication_thatFailsIsMadeUpForByTheNextStart() throws Exception {
    counts(4);
    mill.depth(0).fault = failing(Point.BEFORE_PUBLISH, 2, 1, Remedy.FIX_SETUP);

    assertThat(failure(mill.run()))
        .hasMessageContaining("publication failed: commit=2")
        .hasMessageContaining("lane=" + LANE);
    assertThat(mill.cells()).containsExactly(cell("all", "", 2));
    assertThat(CopiedHandlers.seen(mill)).containsExactly(1L, 1L, 1L);
    StepGates.Gate announced = mill.gates.hold(Point.FETCH, 1);
    mill.fault = Failpoint.NONE;
    Lane lane = mill.start();
    announced.await();
    assertThat(CopiedHandlers.seen(mill)).containsExactly(2L, 2L, 2L);
    announced.release();
    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
    assertWhole(mill);
  }

  @Test
  @Tag("A15")
  @DisplayName("A15 a drain mirrors, commits and publishes what has run")
  void drain_publishesWhatHasRun() throws Exception {
    StepGates.Gate group = mill.gates.hold(Point.MIRRORING, 4);
    Lane lane = startedWithAGroup(4);
    group.await();
    awaitThat(() -> lane.status().processed().batches() == 5);
    FutureTask<Boolean> drain = new FutureTask<>(() -> lane.drain(Duration.ofSeconds(30)));
    Thread.ofVirtual().start(drain);
    group.release();

    assertThat(drain.get()).isTrue();
    assertThat(lane.await()).isEqualTo(new LaneOutcome.Drained());
    assertThat(mill.cells()).containsExactly(cell("all", "", 5));
    assertWhole(mill);
  }

  @ParameterizedTest(name = "a lane that waits at {0} for its mirror is closed at once")
  @EnumSource(
      value = Point.class,
      names = {"BEFORE_PUBLISH", "BEFORE_MIRROR"})
  @Timeout(10)
  void close_whileTheMirrorIsAway(Point point) throws Exception {
    counts(3);
    AtomicBoolean away = new AtomicBoolean();
    mirror(mill).timesOut(_ -> away.get());
    StepGates.Gate gate = mill.gates.hold(point, 2);
    Lane lane = mill.depth(0).start();
    gate.await();
    mill.gates.awaitPassed(Point.PUBLISHED, 1);
    away.set(true);
    gate.release();
    awaitThat(() -> lane.status().waitingFor().contains("mirror does not answer"));
    lane.close();

    assertThat(failure(lane.await()).remedy()).isEqualTo(Remedy.RESTART);
    assertThat(CopiedHandlers.seen(mill)).containsExactly(1L, 1L, 1L);
    away.set(false);
    mirror(mill).land();
    runsToTheEnd();
  }

  @ParameterizedTest(name = "a reorg arrives while the mirror is at {0} with a group")
  @EnumSource(
      value = Point.class,
      names = {"BEFORE_MIRROR", "MIRRORING", "MIRRORED"})
  @Tag("E5")
  void reorg_whileTheMirrorHoldsAGroup(Point point) throws Exception {
    mill.script.reversibleFrom(1);
    Runnable reorg =
        () -> {
          mill.script.cut(2);
          mill.script.block(count("other")).end();
        };
    List<Lane> lanes = new ArrayList<>();
    if (point == Point.BEFORE_MIRROR) {
      lanes.add(startedWithAGroup(4, reorg));
    } else {
      StepGates.Gate gate = mill.gates.hold(point, 4);
      lanes.add(startedWithAGroup(4));
      gate.await();
      reorg.run();
      gate.release();
    }
    Lane lane = lanes.getFirst();

    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
    assertThat(lane.status().rewinds().count()).isEqualTo(1);
    assertThat(lane.status().batchesInTransit()).isZero();
    assertThat(mill.cells()).isEqualTo(mill.oracleCells());
    assertWhole(mill);
  }
}
