package dev.millrace.simulation;

import static dev.millrace.simulation.LaneHarness.LANE;
import static dev.millrace.simulation.LaneHarness.increment;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.LaneOutcome;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.TriggerableJob;
import dev.millrace.pipeline.EventTrigger;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Indexer;
import dev.millrace.testkit.ScriptedSource;
import dev.millrace.testkit.SerialOracle;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Jobs that handlers trigger are part of the change set. */
@Timeout(60)
final class TriggersTest {
  private final LaneHarness mill = new LaneHarness(new Triggering(List.of(LaneHarness.CELL)));

  private record Triggering(List<EntityType<?>> entities) implements Indexer {
    @Override
    public String name() {
      return "mill";
    }

    @Override
    public List<TriggerableJob<?>> jobs() {
      return List.of(SimulatedJob.FINALIZED);
    }

    @Override
    public SortedMap<String, String> sourceRequirements() {
      return new TreeMap<>();
    }
  }

  @AfterEach
  void close() {
    mill.close();
  }

  /** Reads, so that the batch is preloaded, and triggers with the value that it found. */
  private static ScriptedSource.Step trigger(String cell) {
    return context -> {
      increment(cell).run(context);
      long value = context.require(LaneHarness.Cell.class, cell).value();
      context.trigger(SimulatedJob.FINALIZED, value);
      context.trigger(SimulatedJob.FINALIZED, -value);
    };
  }

  private List<EventTrigger> expected() throws Exception {
    return new SerialOracle(mill.indexer).run(mill.script).triggers();
  }

  @ParameterizedTest(name = "J28 {0} events a batch, depth {1}")
  @CsvSource({"1, 0", "1, 8", "3, 1", "1000, 8"})
  @Tag("J28")
  void triggers_areTheSameForAnyBatchSizeAndDepth(int events, int depth) throws Exception {
    mill.notEmpty().batchEvents(events).depth(depth);
    for (int i = 0; i < 6; i++) {
      mill.script.block(trigger("a"), increment("b"), trigger("b"));
    }

    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.store.triggers(LANE)).hasSize(24).isEqualTo(expected());
  }

  @Test
  @Tag("J28")
  void triggersOfReplacedBlock_areGone() throws Exception {
    mill.script.reversibleFrom(1).block(trigger("a")).block(trigger("a"), trigger("b"));
    mill.script.then(() -> {
      LaneHarness.awaitThat(() ->
          Objects.equals(
              mill.script.currentBlocks().getLast().block().hash(),
              mill.store.frontier(LANE).hash()));
      mill.script.cut(1);
      mill.script.block(increment("a"), trigger("a"));
    });

    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.store.triggers(LANE))
        .isEqualTo(expected())
        .extracting(EventTrigger::input)
        .containsExactly("1", "-1", "3", "-3");
  }

  @Test
  @Tag("J28")
  void triggersAfterCrashAndLostReply_areThoseOfTheOracle() throws Exception {
    for (int i = 0; i < 4; i++) {
      mill.script.block(trigger("a"));
    }
    mill.depth(0);
    mill.fault = LaneHarness.failing(Failpoint.Point.AFTER_COMMIT, 2, 1, Remedy.RETRY);
    mill.fault =
        after(mill.fault, LaneHarness.failing(Failpoint.Point.AFTER_COMMIT, 3, 1, Remedy.RESTART));

    MillraceException crash = LaneHarness.failure(mill.run());
    assertThat(crash.remedy()).isEqualTo(Remedy.RESTART);
    assertThat(mill.run()).isEqualTo(new LaneOutcome.Done());
    assertThat(mill.store.triggers(LANE)).hasSize(8).isEqualTo(expected());
  }

  private static Failpoint after(Failpoint first, Failpoint second) {
    return (point, number) -> {
      first.reached(point, number);
      second.reached(point, number);
    };
  }
}
