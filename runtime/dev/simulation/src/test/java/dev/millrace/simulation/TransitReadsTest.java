package dev.millrace.simulation;

import static dev.millrace.simulation.LaneHarness.LANE;
import static dev.millrace.simulation.LaneHarness.cell;
import static dev.millrace.simulation.LaneHarness.save;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.pipeline.Failpoint.Point;
import dev.millrace.simulation.LaneHarness.Cell;
import dev.millrace.testkit.StepGates;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Reads of handlers while the commits of the rows read are held. */
@Timeout(60)
final class TransitReadsTest {
  private final LaneHarness mill = new LaneHarness().notEmpty();

  @AfterEach
  void close() {
    mill.close();
  }

  @Test
  @Tag("A1")
  @DisplayName("A1 a find sees the write of a batch whose commit is held, without a query")
  void find_seesTheWriteOfABatchWhoseCommitIsHeld() throws Exception {
    StepGates.Gate commit = mill.gates.hold(Point.BEFORE_COMMIT, 1);
    mill.script.block(save("x", "a", 1)).block(mill.find("x"));
    Lane lane = mill.start();
    commit.await();
    mill.gates.awaitPassed(Point.AFTER_RUN, 2);

    assertThat(mill.seen).containsEntry("find x", Optional.of(cell("x", "a", 1)));
    assertThat(mill.store.takeQueries()).isEmpty();
    assertThat(mill.store.commits(LANE)).isEmpty();
    commit.release();
    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
  }

  @Test
  @Tag("A2")
  @DisplayName("A2 a find sees the delete of a batch whose commit is held, without a query")
  void find_seesTheDeleteOfABatchWhoseCommitIsHeld() throws Exception {
    mill.stored(cell("x", "a", 5));
    StepGates.Gate commit = mill.gates.hold(Point.BEFORE_COMMIT, 1);
    mill.script.block(context -> context.delete(Cell.class, "x")).block(mill.find("x"));
    Lane lane = mill.start();
    commit.await();
    mill.gates.awaitPassed(Point.AFTER_RUN, 2);

    assertThat(mill.seen).containsEntry("find x", Optional.empty());
    assertThat(mill.store.takeQueries()).isEmpty();
    commit.release();
    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.cells()).extracting(Cell::id).containsExactly("other");
  }

  /** Database: y is a's, x is b's. Batch 1 makes x a's; batch 2 asks for both owners. */
  private void moveThenAsk() {
    mill.stored(cell("y", "a", 0), cell("x", "b", 0));
    mill.script.block(save("x", "a", 1)).block(mill.findByOwner("a"), mill.findByOwner("b")).end();
  }

  private void assertMoved() {
    assertThat(mill.seen)
        .containsEntry("owner a", List.of(cell("x", "a", 1), cell("y", "a", 0)))
        .containsEntry("owner b", List.of());
  }

  @Test
  @Tag("A3")
  @DisplayName("A3 a query by field sees what is in transit and does not wait for the commit")
  void query_seesWhatIsInTransit() throws Exception {
    StepGates.Gate commit = mill.gates.hold(Point.BEFORE_COMMIT, 1);
    moveThenAsk();
    Lane lane = mill.start();
    commit.await();
    mill.gates.awaitPassed(Point.AFTER_RUN, 2);

    assertMoved();
    assertThat(mill.store.commits(LANE)).isEmpty();
    commit.release();
    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
  }

  @Test
  @Tag("A4")
  @DisplayName("A4 the commit lands between the look into memory and the SELECT: same rows")
  void query_isRightWhenTheCommitLandsBeforeTheSelect() throws Exception {
    StepGates.Gate commit = mill.gates.hold(Point.BEFORE_COMMIT, 1);
    mill.store.beforeQuery(_ -> land(commit));
    moveThenAsk();

    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertMoved();
  }

  @Test
  @Tag("A4")
  @DisplayName("A4 the commit lands during the SELECT: no duplicate and no stale row")
  void query_isRightWhenTheCommitLandsDuringTheSelect() throws Exception {
    StepGates.Gate commit = mill.gates.hold(Point.BEFORE_COMMIT, 1);
    mill.store.afterQuery(_ -> land(commit));
    moveThenAsk();

    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertMoved();
  }

  private void land(StepGates.Gate commit) {
    commit.release();
    mill.gates.awaitPassed(Point.AFTER_COMMIT, 1);
  }

  @Test
  @Tag("A5")
  @DisplayName("A5 limit 1, and the first row is deleted in transit: the next row")
  void limitedQuery_givesTheNextSurvivingRow() throws Exception {
    mill.stored(cell("p", "a", 1), cell("q", "a", 2), cell("r", "a", 3));
    StepGates.Gate commit = mill.gates.hold(Point.BEFORE_COMMIT, 1);
    mill.script
        .block(context -> context.delete(Cell.class, "p"))
        .block(context ->
            mill.seen.put(
                "first",
                context
                    .query(Cell.class)
                    .where(Cell::owner)
                    .is("a")
                    .orderBy(Cell::id)
                    .limit(1)
                    .list()));
    Lane lane = mill.start();
    mill.gates.awaitPassed(Point.AFTER_RUN, 2);

    assertThat(mill.seen).containsEntry("first", List.of(cell("q", "a", 2)));
    commit.release();
    assertThat(lane.await()).isEqualTo(new LaneOutcome.Done());
  }
}
