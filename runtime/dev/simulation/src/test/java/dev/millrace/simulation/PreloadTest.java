package dev.millrace.simulation;

import static dev.millrace.simulation.LaneHarness.LANE;
import static dev.millrace.simulation.LaneHarness.cell;
import static dev.millrace.simulation.LaneHarness.increment;
import static dev.millrace.simulation.LaneHarness.save;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.LaneOutcome;
import dev.millrace.loaders.MillraceException;
import dev.millrace.pipeline.Context;
import dev.millrace.simulation.LaneHarness.Cell;
import dev.millrace.testkit.ScriptedSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The preload of a batch: its reads, the visibility of its writes, and its limits. */
@Timeout(60)
final class PreloadTest {
  private final LaneHarness mill = new LaneHarness().notEmpty().batchEvents(10_000);

  @AfterEach
  void close() {
    mill.close();
  }

  @Test
  @Tag("B1")
  @DisplayName("B1 the finds of a batch go out as one query per round; again, and none goes")
  void finds_ofABatchShareAQuery() throws Exception {
    ScriptedSource.Step[] steps = new ScriptedSource.Step[50];
    for (int i = 0; i < steps.length; i++) {
      String id = "cell " + i % 25;
      steps[i] = increment(id);
    }
    mill.script.block(steps).block(steps);
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());

    assertThat(mill.store.takeQueries()).hasSize(1);
    assertThat(mill.cells()).filteredOn(cell -> cell.value() == 4).hasSize(25);
  }

  @Test
  @Tag("B1")
  @DisplayName("B1 a batch costs as many round trips as its deepest chain of reads")
  void reads_costOneQueryPerRound() throws Exception {
    ScriptedSource.Step[] steps = new ScriptedSource.Step[40];
    for (int i = 0; i < steps.length; i++) {
      String id = "cell " + i;
      mill.stored(cell(id, "owner of " + id, i), cell("owner of " + id, "", i));
      steps[i] =
          context -> {
            Cell first = context.require(Cell.class, id);
            Cell owner = context.require(Cell.class, first.owner());
            context.save(cell(owner.id(), "seen", owner.value() + 1));
          };
    }
    mill.script.block(steps);
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());

    assertThat(mill.store.takeQueries()).hasSize(2);
    assertThat(mill.cells()).filteredOn(cell -> cell.owner().equals("seen")).hasSize(40);
  }

  @Test
  @Tag("B4")
  @DisplayName("B4 queries of a batch by one field share a query")
  void queriesByField_shareAQuery() throws Exception {
    mill.stored(cell("x", "a", 1), cell("y", "b", 2));
    mill.script.block(mill.findByOwner("a"), mill.findByOwner("b"), mill.findByOwner("c"));
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());

    assertThat(mill.store.takeQueries()).containsExactly("cell owner IN [a, b, c]");
    assertThat(mill.seen)
        .containsEntry("owner a", List.of(cell("x", "a", 1)))
        .containsEntry("owner b", List.of(cell("y", "b", 2)))
        .containsEntry("owner c", List.of());
    assertThat(mill.store.indexes(LANE)).as("an index for it").containsExactly("cell(owner)");
  }

  @Test
  @Tag("B18")
  @DisplayName("B18 over a table that began empty nothing is ever asked")
  void emptyTable_costsNoQuery() throws Exception {
    try (LaneHarness empty = new LaneHarness().batchEvents(100)) {
      for (int i = 0; i < 500; i++) {
        empty.script.block(increment("cell " + i), empty.findByOwner("a"));
      }
      assertThat(empty.run()).isEqualTo(new LaneOutcome.Done());
      assertThat(empty.store.takeQueries()).isEmpty();
      assertThat(empty.cells()).hasSize(500);
    }
  }

  @Test
  @Tag("B11")
  @DisplayName("B11 a required row that is missing in the preload only does not matter")
  void require_isIgnoredInThePreload() throws Exception {
    mill.script.block(
        mill.find("nothing"),
        save("x", "a", 1),
        context -> mill.seen.put("required", context.require(Cell.class, "x")));
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.seen).containsEntry("required", cell("x", "a", 1));
  }

  @Test
  @Tag("B11")
  @DisplayName("B11 a required row that is missing in the run stops the lane with entity and id")
  void require_stopsTheLaneInTheRun() throws Exception {
    mill.script.block(context -> context.require(Cell.class, "x"));
    assertThat(mill.run())
        .isInstanceOfSatisfying(
            LaneOutcome.Failed.class,
            failed ->
                assertThat(failed.failure())
                    .hasMessageContaining(
                        "row is required and does not exist: entity=Cell id=[x]"));
  }

  @Test
  @Tag("B12")
  @DisplayName("B12 a task sees its own writes and no other's; the run sees none of them")
  void task_seesItsOwnWritesOnly() throws Exception {
    ConcurrentLinkedQueue<String> seen = new ConcurrentLinkedQueue<>();
    mill.script.block(
        context -> {
          context.find(Cell.class, "unknown"); // the preload begins here
          context.save(cell("mine", "a", 1));
          context.delete(Cell.class, "other");
          seen.add(
              "first sees %b %b %d"
                  .formatted(
                      context.find(Cell.class, "mine").isPresent(),
                      context.find(Cell.class, "other").isPresent(),
                      LaneHarness.ownedBy(context, "a").size()));
        },
        context -> {
          seen.add("second sees " + context.find(Cell.class, "mine").isPresent());
        });
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());

    // The preload is cut short if a task gets no CPU for 20 ms, which may then end after the run.
    List<String> all = List.copyOf(seen);
    assertThat(all).containsOnlyOnce("second sees true");
    List<String> preloaded = new ArrayList<>(all);
    preloaded.remove("second sees true");
    assertThat(preloaded.remove("first sees true false 1")).as("the run").isTrue();
    assertThat(preloaded)
        .isSubsetOf("first sees true false 1", "second sees false")
        .doesNotHaveDuplicates();
  }

  @Test
  @Tag("B12")
  @DisplayName("B12 the logger of a handler prints in the run only")
  void logger_isSilentInThePreload() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    mill.script.block(context -> {
      calls.incrementAndGet();
      context.find(Cell.class, "unknown");
      context.logger().info("the only line of {}", "logger_isSilentInThePreload");
    });
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());

    assertThat(calls)
        .as("a preload and a run")
        .satisfies(count -> assertThat(count.get()).isBetween(1, 2));
    assertThat(KeptLogs.lines()).containsOnlyOnce("the only line of logger_isSilentInThePreload");
  }

  @Test
  @Tag("B13")
  @DisplayName("B13 a Context used after its handler has returned refuses, and nothing lands")
  void context_endsWithItsHandler() throws Exception {
    AtomicReference<Context> kept = new AtomicReference<>();
    List<Throwable> thrown = new ArrayList<>();
    mill.batchEvents(1)
        .script
        .block(kept::set)
        .block(context -> {
          try {
            kept.get().save(cell("late", "", 1));
          } catch (MillraceException refused) {
            thrown.add(refused);
          }
        });
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());

    assertThat(thrown)
        .singleElement()
        .satisfies(one -> assertThat(one).hasMessageContaining("after its handler had returned"));
    assertThat(mill.cells()).extracting(Cell::id).containsExactly("other");
  }

  @Test
  @Tag("B13")
  @Tag("A36")
  @DisplayName("B13 A36 a Context used from another thread refuses, and fails the event")
  void context_belongsToItsThread() throws Exception {
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    mill.script.block(context -> {
      Thread other =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  context.save(cell("foreign", "", 1));
                } catch (MillraceException refused) {
                  thrown.set(refused);
                }
              });
      other.join();
      context.save(cell("own", "", 1));
    });
    assertThat(mill.run())
        .isInstanceOfSatisfying(
            LaneOutcome.Failed.class,
            failed ->
                assertThat(failed.failure())
                    .hasMessageContainingAll("handler=step", "used from another thread"));

    assertThat(thrown.get()).hasMessageContaining("context was used from another thread");
    assertThat(mill.cells()).extracting(Cell::id).containsExactly("other");
  }
}
