package dev.millrace.simulation;

import static dev.millrace.simulation.LaneHarness.cell;
import static dev.millrace.simulation.LaneHarness.increment;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.LaneOutcome;
import dev.millrace.simulation.LaneHarness.Cell;
import dev.millrace.testkit.ScriptedSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Reads of a batch share queries even if handlers block or ask for the first rows only. */
@Timeout(120)
final class PreloadGroupingTest {
  private final LaneHarness mill = new LaneHarness().notEmpty().batchEvents(10_000);

  @AfterEach
  void close() {
    mill.close();
  }

  @Test
  @Tag("B16")
  @DisplayName("B16 handlers that read inside synchronized and computeIfAbsent complete")
  void handlers_mayReadUnderALock() throws Exception {
    Object lock = new Object();
    Map<String, Optional<Cell>> cache = new ConcurrentHashMap<>();
    List<ScriptedSource.Step> steps = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      String id = "cell " + i;
      steps.add(context -> {
        synchronized (lock) {
          increment(id).run(context);
        }
      });
      steps.add(context -> {
        cache.computeIfAbsent("one key", _ -> context.find(Cell.class, id));
        increment("all").run(context);
      });
    }
    mill.script.block(steps.toArray(ScriptedSource.Step[]::new));
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.cells()).contains(cell("all", "", 20)).hasSize(22);
    assertThat(mill.store.takeQueries()).as("one find after the other").hasSizeLessThan(25);
  }

  @Test
  @Tag("B16")
  @DisplayName("B16 finds of others share a query while two handlers fight for a lock")
  void handlersUnderALock_doNotKeepOthersFromSharing() throws Exception {
    Object lock = new Object();
    ScriptedSource.Step[] steps = new ScriptedSource.Step[200];
    for (int i = 0; i < steps.length; i++) {
      ScriptedSource.Step find = increment("cell " + i);
      steps[i] =
          i >= 2
              ? find
              : context -> {
                synchronized (lock) {
                  find.run(context);
                }
              };
    }
    mill.script.block(steps);
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());

    assertThat(mill.store.takeQueries()).hasSizeLessThan(4);
  }

  @Test
  @Tag("B20")
  @DisplayName("B20 a batch whose first handler stands still before it reads shares its queries")
  void firstHandlerThatBlocks_doesNotEndThePreload() throws Exception {
    CountDownLatch othersHaveAsked = new CountDownLatch(1);
    mill.store.beforeQuery(query -> othersHaveAsked.countDown());
    ScriptedSource.Step[] steps = new ScriptedSource.Step[200];
    for (int i = 0; i < steps.length; i++) {
      ScriptedSource.Step find = increment("cell " + i);
      steps[i] =
          i > 0
              ? find
              : context -> {
                othersHaveAsked.await(20, TimeUnit.SECONDS);
                find.run(context);
              };
    }
    // A batch after one that missed memory is preloaded from its first event on.
    mill.batchEvents(1).script.block(mill.find("first"));
    mill.script.block(steps);
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());

    assertThat(mill.store.takeQueries()).hasSizeLessThan(5);
  }

  @Test
  @Tag("B20")
  @DisplayName("B20 handlers that block now and then leave the reads of the others grouped")
  void fewHandlersThatBlock_leaveTheOthersGrouped() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    ScriptedSource.Step[] steps = new ScriptedSource.Step[2_000];
    for (int i = 0; i < steps.length; i++) {
      ScriptedSource.Step find = increment("cell " + i);
      boolean slow = i % 100 == 50;
      steps[i] =
          context -> {
            if (slow && Thread.currentThread().isVirtual()) {
              never.await(1, TimeUnit.SECONDS);
            }
            find.run(context);
          };
    }
    mill.script.block(steps);
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());

    assertThat(mill.store.takeQueries()).hasSizeLessThan(30);
  }

  @Test
  @Tag("B37")
  @DisplayName("B37 a preload that was cut is taken up again, and the rest shares its queries")
  void preloadThatWasCut_isTakenUpAgain() throws Exception {
    CountDownLatch held = new CountDownLatch(1);
    ScriptedSource.Step[] steps = new ScriptedSource.Step[2_000];
    for (int i = 0; i < steps.length; i++) {
      ScriptedSource.Step find = increment("cell " + i);
      boolean isStarved = i < 20;
      steps[i] =
          context -> {
            if (isStarved && Thread.currentThread().isVirtual()) {
              held.await(60, TimeUnit.SECONDS);
            }
            find.run(context);
          };
    }
    mill.script.block(steps);
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    held.countDown();

    assertThat(mill.store.takeQueries())
        .as("one by one up to the second preload; a busy machine may cut that one, too")
        .hasSizeBetween(200, 1_000);
  }

  @Test
  @Tag("B25")
  @DisplayName("B25 limited queries of a batch share a query, in the run as well")
  void limitedQueries_shareAQuery() throws Exception {
    ScriptedSource.Step[] steps = new ScriptedSource.Step[500];
    for (int i = 0; i < steps.length; i++) {
      String owner = "owner " + i;
      mill.stored(cell("cell " + i, owner, i));
      steps[i] =
          context ->
              mill.seen.put(owner, context.query(Cell.class).where(Cell::owner).is(owner).first());
    }
    mill.script.block(steps);
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());

    assertThat(mill.store.takeQueries()).hasSize(1);
    assertThat(mill.seen)
        .hasSize(500)
        .containsEntry("owner 77", Optional.of(cell("cell 77", "owner 77", 77)));
  }

  @Test
  @Tag("B17")
  @DisplayName("B17 the reads of others do not wait for a handler that blocks outside")
  void blockedHandler_doesNotHoldOthersUp() throws Exception {
    CountDownLatch othersHaveAsked = new CountDownLatch(1);
    mill.store.beforeQuery(query -> {
      if (query.contains("cell 9")) {
        othersHaveAsked.countDown();
      }
    });
    List<ScriptedSource.Step> steps = new ArrayList<>();
    steps.add(context -> {
      context.find(Cell.class, "first");
      // Outside of the Context: it would wait in vain if the others waited for it.
      mill.seen.put("in time", othersHaveAsked.await(20, TimeUnit.SECONDS));
    });
    for (int i = 0; i < 10; i++) {
      steps.add(increment("cell " + i));
    }
    mill.script.block(steps.toArray(ScriptedSource.Step[]::new));
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());

    assertThat(mill.seen).containsEntry("in time", true);
    assertThat(mill.store.takeQueries()).hasSizeLessThan(4);
  }

  @Test
  @Tag("B17")
  @DisplayName("B17 a preload that hangs for good is given up, and the run goes its way")
  void hangingPreload_isGivenUp() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    AtomicInteger entered = new AtomicInteger();
    mill.script.block(
        mill.find("first"),
        context -> {
          if (entered.incrementAndGet() == 1) {
            never.await();
          }
          increment("second").run(context);
        },
        increment("third"));
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    never.countDown();
    assertThat(mill.cells()).contains(cell("second", "", 1), cell("third", "", 1));
  }
}
