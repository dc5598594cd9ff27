package dev.millrace.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.lane.LaneSettings;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.EpochEnds;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.LaneMirror;
import dev.millrace.pipeline.LaneStores;
import dev.millrace.pipeline.MirrorGroup;
import dev.millrace.testkit.ScriptedSource;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A process that loses its lane before it has begun. */
@Timeout(60)
final class StartFenceTest {
  private final MemoryStore store = new MemoryStore(LaneHarness.definition().entities());

  /** A mirror that refuses the epoch history while a successor takes the lane over. */
  private final LaneMirror overtaken =
      new LaneMirror() {
        @Override
        public void follow(EpochHistory epochHistory) {
          store.takeOver(LaneHarness.LANE);
          throw new MillraceException(
              Remedy.FIX_SETUP, "mirror knows an epoch that PostgreSQL does not: epoch=2");
        }

        @Override
        public void insert(MirrorGroup group) {
          throw new AssertionError("nothing may be inserted before it was followed");
        }

        @Override
        public void publish(EpochEnds ends) {
          throw new AssertionError("nothing may be published before it was followed");
        }

        @Override
        public void close() {}
      };

  @Test
  @Tag("K10")
  @DisplayName("K10 a successor that came first is not taken for a state that was lost")
  void start_givesWayToASuccessor() throws Exception {
    ScriptedSource script = new ScriptedSource();
    try (Lane lane =
        new Lane(
            LaneHarness.LANE,
            LaneHarness.definition(),
            script,
            new LaneStores(store.takeOver(LaneHarness.LANE), Optional.of(overtaken)),
            LaneSettings.defaults(),
            Failpoint.NONE)) {
      lane.start();

      assertThat(lane.await())
          .isInstanceOfSatisfying(
              LaneOutcome.Failed.class,
              failed -> assertThat(failed.failure().remedy()).isEqualTo(Remedy.YIELD));
    }
  }
}
