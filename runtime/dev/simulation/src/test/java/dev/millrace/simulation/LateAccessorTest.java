package dev.millrace.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.LaneOutcome;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Records whose accessors throw in a store, long after their handler has returned. */
@Timeout(60)
final class LateAccessorTest {
  /** Has an id that throws in the stage named by it. */
  @Entity
  record Late(@Id String id) {
    @Override
    public String id() {
      if (Thread.currentThread().getName().endsWith(id)) {
        throw new IllegalStateException("not here");
      }
      return id;
    }
  }

  private static final EntityType<Late> LATE = EntityType.of(Late.class);

  @ParameterizedTest
  @ValueSource(strings = {"-commit", "-mirror"})
  @Tag("H5")
  @DisplayName("H5 an accessor that throws where a store writes the row names the event that saved")
  void accessor_thatThrowsInAStoreNamesItsEvent(String stage) throws Exception {
    try (LaneHarness mill = new LaneHarness(LaneHarness.mirroring(LATE)).batchEvents(10)) {
      mill.script
          .block(LaneHarness.save("a", "", 1))
          .block(
              LaneHarness.save("b", "", 1),
              context -> context.save(new Late(stage)),
              context -> context.save(new Late("another")));

      LaneOutcome end = mill.run();
      assertThat(end).isInstanceOf(LaneOutcome.Failed.class);
      MillraceException failure = ((LaneOutcome.Failed) end).failure();
      assertThat(failure.remedy()).isEqualTo(Remedy.FIX_HANDLER);
      assertThat(failure)
          .hasMessageContaining(
              "event failed: block=1 logIndex=1 handler=step reason=\"accessor failed: entity=Late"
                  + " field=id error=java.lang.IllegalStateException: not here\"");
    }
  }
}
