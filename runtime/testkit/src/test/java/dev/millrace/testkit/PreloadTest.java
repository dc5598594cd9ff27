package dev.millrace.testkit;

import static dev.millrace.testkit.Mill.LANE;
import static dev.millrace.testkit.Mill.cell;
import static dev.millrace.testkit.Mill.increment;
import static dev.millrace.testkit.Mill.save;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loaders.MillraceException;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.Effect;
import dev.millrace.pipeline.LaneEnd;
import dev.millrace.testkit.Mill.Cell;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The rehearsal of a batch: what it asks, what its tasks see, and what it must not disturb. */
@Timeout(60)
final class PreloadTest {
  private final Mill mill = new Mill().notEmpty().batchEvents(10_000);

  @AfterEach
  void close() {
    mill.close();
  }

  @Test
  @Tag("B1")
  @DisplayName("B1 the finds of a batch go out as one query per round; again, and none goes")
  void finds_ofABatchShareAQuery() throws Exception {
    Script.Step[] steps = new Script.Step[50];
    for (int i = 0; i < steps.length; i++) {
      String id = "cell " + i % 25;
      steps[i] = increment(id);
    }
    mill.script.block(steps).block(steps);
    assertThat(mill.run()).isEqualTo(new LaneEnd.Done());

    assertThat(mill.store.takeQueries()).hasSize(1);
    assertThat(mill.cells()).filteredOn(cell -> cell.value() == 4).hasSize(25);
  }

  @Test
  @Tag("B1")
  @DisplayName("B1 a batch costs as many round trips as its deepest chain of reads")
  void reads_costOneQueryPerRound() throws Exception {
    Script.Step[] steps = new Script.Step[40];
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
    assertThat(mill.run()).isEqualTo(new LaneEnd.Done());

    assertThat(mill.store.takeQueries()).hasSize(2);
    assertThat(mill.cells()).filteredOn(cell -> cell.owner().equals("seen")).hasSize(40);
  }

  @Test
  @Tag("B4")
  @DisplayName("B4 queries of a batch by one field share a query")
  void queriesByField_shareAQuery() throws Exception {
    mill.stored(cell("x", "a", 1), cell("y", "b", 2));
    mill.script.block(mill.findByOwner("a"), mill.findByOwner("b"), mill.findByOwner("c"));
    assertThat(mill.run()).isEqualTo(new LaneEnd.Done());

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
    try (Mill empty = new Mill().batchEvents(100)) {
      for (int i = 0; i < 500; i++) {
        empty.script.block(increment("cell " + i), empty.findByOwner("a"));
      }
      assertThat(empty.run()).isEqualTo(new LaneEnd.Done());
      assertThat(empty.store.takeQueries()).isEmpty();
      assertThat(empty.cells()).hasSize(500);
    }
  }

  @Test
  @Tag("B11")
  @DisplayName("B11 a required row that is missing in the rehearsal only does not matter")
  void require_isIgnoredInTheRehearsal() throws Exception {
    mill.script.block(
        mill.find("nothing"),
        save("x", "a", 1),
        context -> mill.seen.put("required", context.require(Cell.class, "x")));
    assertThat(mill.run()).isEqualTo(new LaneEnd.Done());
    assertThat(mill.seen).containsEntry("required", cell("x", "a", 1));
  }

  @Test
  @Tag("B11")
  @DisplayName("B11 a required row that is missing in the run stops the lane with entity and id")
  void require_stopsTheLaneInTheRun() throws Exception {
    mill.script.block(context -> context.require(Cell.class, "x"));
    assertThat(mill.run())
        .isInstanceOfSatisfying(
            LaneEnd.Failed.class,
            failed ->
                assertThat(failed.failure())
                    .hasMessageContaining(
                        "row is required and does not exist: entity=Cell id=[x]"));
  }

  @Test
  @Tag("B12")
  @DisplayName("B12 a task sees its own writes and no other's; the run sees none of them")
  void task_seesItsOwnWritesOnly() throws Exception {
    ConcurrentLinkedQueue<String> told = new ConcurrentLinkedQueue<>();
    mill.script.block(
        context -> {
          context.find(Cell.class, "unknown"); // here the rehearsal begins
          context.save(cell("mine", "a", 1));
          context.delete(Cell.class, "other");
          told.add(
              "first sees %b %b %d"
                  .formatted(
                      context.find(Cell.class, "mine").isPresent(),
                      context.find(Cell.class, "other").isPresent(),
                      Mill.ownedBy(context, "a").size()));
        },
        context -> {
          told.add("second sees " + context.find(Cell.class, "mine").isPresent());
        });
    assertThat(mill.run()).isEqualTo(new LaneEnd.Done());

    assertThat(told)
        .containsExactlyInAnyOrder(
            "first sees true false 1",
            "second sees false",
            "first sees true false 1",
            "second sees true");
  }

  @Test
  @Tag("B12")
  @DisplayName("B12 the logger of a handler prints in the run only")
  void logger_isSilentInTheRehearsal() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    mill.script.block(context -> {
      calls.incrementAndGet();
      context.find(Cell.class, "unknown");
      context.logger().info("the only line of {}", "logger_isSilentInTheRehearsal");
    });
    assertThat(mill.run()).isEqualTo(new LaneEnd.Done());

    assertThat(calls).as("a rehearsal and a run").hasValue(2);
    assertThat(KeptLogs.lines()).containsOnlyOnce("the only line of logger_isSilentInTheRehearsal");
  }

  @Test
  @Tag("B12")
  @Tag("B14")
  @DisplayName("B12 B14 an effect runs once for both passes and for all who ask at once")
  void effect_runsOncePerInput() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    CountDownLatch askers = new CountDownLatch(3);
    Effect<Long, Long> twice =
        Effect.of(
            "twice",
            Long.class,
            Long.class,
            input -> {
              calls.incrementAndGet();
              assertThat(askers.await(20, TimeUnit.SECONDS)).as("all ask while it runs").isTrue();
              return 2 * input;
            });
    Script.Step ask =
        context -> {
          askers.countDown();
          long answer = context.effect(twice, 21L);
          increment("answer " + answer).run(context);
        };
    mill.script.block(ask, ask, ask).block(ask);
    assertThat(mill.run()).isEqualTo(new LaneEnd.Done());

    assertThat(calls).hasValue(1);
    assertThat(mill.cells()).contains(cell("answer 42", "", 4));
  }

  @Test
  @Tag("B14")
  @DisplayName("B14 one input failing does not fail another, and may be luckier the next time")
  void effect_failsForItsInputOnly() throws Exception {
    Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();
    Effect<String, String> moody =
        Effect.of(
            "moody",
            String.class,
            String.class,
            input -> {
              int call = calls.computeIfAbsent(input, _ -> new AtomicInteger()).incrementAndGet();
              if (input.equals("bad") && call == 1) {
                throw new IllegalStateException("not today");
              }
              return input + " " + call;
            });
    mill.script.block(
        context -> mill.seen.put("bad", context.effect(moody, "bad")),
        context -> mill.seen.put("good", context.effect(moody, "good")));
    LaneEnd end = mill.run();

    assertThat(mill.seen).containsEntry("good", "good 1");
    assertThat(end).isEqualTo(new LaneEnd.Done());
    assertThat(mill.seen).containsEntry("bad", "bad 2");
  }

  @Test
  @Tag("B14")
  @DisplayName("B14 an effect that answers null fails its event in so many words")
  @SuppressWarnings("NullAway") // the null is the case
  void effect_mustNotAnswerNull() throws Exception {
    Effect<String, String> mute = Effect.of("mute", String.class, String.class, _ -> null);
    mill.script.block(context -> context.effect(mute, "hello"));

    assertThat(mill.run())
        .isInstanceOfSatisfying(
            LaneEnd.Failed.class,
            end ->
                assertThat(end.failure())
                    .hasMessageContaining("effect returned null: effect=mute"));
  }

  @Test
  @Tag("B14")
  @DisplayName("B14 a persisted answer survives a restart")
  void persistedEffect_survivesARestart() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    Effect<String, Long> price =
        Effect.of("price", String.class, Long.class, _ -> (long) calls.incrementAndGet())
            .persisted();
    Script.Step ask = context -> context.save(cell("price", "", context.effect(price, "é")));
    mill.script.block(ask);
    assertThat(mill.run()).isEqualTo(new LaneEnd.Done());
    mill.script.block(ask, ask);
    assertThat(mill.run()).isEqualTo(new LaneEnd.Done());

    assertThat(calls).hasValue(1);
    assertThat(mill.cells()).contains(cell("price", "", 1));
    assertThat(mill.store.effects(LANE)).hasSize(1);
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
    assertThat(mill.run()).isEqualTo(new LaneEnd.Done());

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
            LaneEnd.Failed.class,
            failed ->
                assertThat(failed.failure())
                    .hasMessageContainingAll("handler=step", "used from another thread"));

    assertThat(thrown.get()).hasMessageContaining("context was used from another thread");
    assertThat(mill.cells()).extracting(Cell::id).containsExactly("other");
  }

  @Test
  @Tag("B16")
  @DisplayName("B16 handlers that read inside synchronized and computeIfAbsent complete")
  void handlers_mayReadUnderALock() throws Exception {
    Object lock = new Object();
    Map<String, Optional<Cell>> cache = new ConcurrentHashMap<>();
    List<Script.Step> steps = new ArrayList<>();
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
    mill.script.block(steps.toArray(Script.Step[]::new));
    assertThat(mill.run()).isEqualTo(new LaneEnd.Done());
    assertThat(mill.cells()).contains(cell("all", "", 20)).hasSize(22);
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
    List<Script.Step> steps = new ArrayList<>();
    steps.add(context -> {
      context.find(Cell.class, "first");
      // Outside of the Context: it would wait in vain if the others waited for it.
      mill.seen.put("in time", othersHaveAsked.await(20, TimeUnit.SECONDS));
    });
    for (int i = 0; i < 10; i++) {
      steps.add(increment("cell " + i));
    }
    mill.script.block(steps.toArray(Script.Step[]::new));
    assertThat(mill.run()).isEqualTo(new LaneEnd.Done());

    assertThat(mill.seen).containsEntry("in time", true);
    assertThat(mill.store.takeQueries()).hasSizeLessThan(4);
  }

  @Test
  @Tag("B17")
  @DisplayName("B17 a rehearsal that hangs for good is given up, and the run goes its way")
  void hangingRehearsal_isGivenUp() throws Exception {
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
    assertThat(mill.run()).isEqualTo(new LaneEnd.Done());
    never.countDown();
    assertThat(mill.cells()).contains(cell("second", "", 1), cell("third", "", 1));
  }
}
