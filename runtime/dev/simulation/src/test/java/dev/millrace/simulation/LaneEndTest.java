package dev.millrace.simulation;

import static dev.millrace.simulation.LaneHarness.increment;
import static dev.millrace.simulation.LaneHarness.save;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.LaneStore;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.lang.reflect.Proxy;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The resources that a lane leaves in its process once it has ended. */
@Timeout(120)
final class LaneEndTest {
  private final LaneHarness mill = new LaneHarness();

  @AfterEach
  void close() {
    mill.close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @Tag("D10")
  @DisplayName("D10 a lane that has ended gives back its rows and threads before it is closed")
  void lane_thatHasEndedHoldsNothing(boolean fails) throws Exception {
    for (int i = 0; i < 200; i++) {
      mill.script.block(save("cell " + i, "x", i));
    }
    if (fails) {
      mill.script.block(_ -> {
        throw new IllegalStateException("no");
      });
      mill.script.open();
    }
    Lane lane = mill.start();
    assertThat(lane.await())
        .isInstanceOf(fails ? LaneOutcome.Failed.class : LaneOutcome.Done.class);

    LaneHarness.awaitThat(() -> ThreadStackDump.of("millrace-1-").isEmpty());
    assertThat(lane.status().bytesInMemory()).isZero();
    assertThat(lane.status().committed().batches()).isEqualTo(200);
  }

  @Test
  @Tag("D11")
  @DisplayName("D11 a lane on a quiet chain that another process has taken ends with YIELD")
  void lane_thatIsLostEnds() throws Exception {
    mill.script.block(increment("all")).open();
    LaneStore held = mill.store.takeOver("1");
    CompletableFuture<Consumer<MillraceException>> registered = new CompletableFuture<>();
    LaneStore store =
        (LaneStore)
            Proxy.newProxyInstance(
                LaneStore.class.getClassLoader(),
                new Class<?>[] {LaneStore.class},
                (_, method, arguments) -> {
                  if (method.getName().equals("onLost")) {
                    @SuppressWarnings("unchecked")
                    Consumer<MillraceException> call = (Consumer<MillraceException>) arguments[0];
                    registered.complete(call);
                    return null;
                  }
                  return method.invoke(held, arguments);
                });
    try (Lane lane =
        new Lane("1", mill.indexer, mill.script, store, mill.settings, Failpoint.NONE)) {
      lane.start();
      LaneHarness.awaitThat(() -> lane.status().committed().batches() == 1);
      registered.get().accept(new MillraceException(Remedy.YIELD, "lane was taken over"));

      assertThat(lane.await())
          .isInstanceOfSatisfying(
              LaneOutcome.Failed.class,
              failed -> {
                assertThat(failed.failure().remedy()).isEqualTo(Remedy.YIELD);
                assertThat(failed.failure()).hasMessage("lane was taken over; lane=1");
              });
    }
  }

  @Test
  @DisplayName("a lane is closed after its end as before it")
  void lane_closesAfterItsEnd() throws Exception {
    mill.script.block(increment("all"));
    Lane lane = mill.start();
    LaneOutcome end = lane.await();
    lane.close();
    assertThat(lane.await()).isEqualTo(end).isEqualTo(new LaneOutcome.Done());
  }

  @Test
  @Tag("D33")
  @DisplayName("D33 a lane that was closed can be collected, with assertions on as tests have them")
  void lane_thatWasClosedIsCollected() throws Exception {
    ReferenceQueue<Lane> collected = new ReferenceQueue<>();
    WeakReference<Lane> lane = closedLane(collected);

    for (int i = 0; i < 60 && !lane.refersTo(null); i++) {
      System.gc();
      collected.remove(1_000);
    }
    assertThat(lane.refersTo(null)).isTrue();
  }

  private static WeakReference<Lane> closedLane(ReferenceQueue<Lane> collected) throws Exception {
    try (LaneHarness mill = new LaneHarness()) {
      mill.script.block(save("a", "x", 1));
      Lane lane = mill.start();
      assertThat(lane.await()).isInstanceOf(LaneOutcome.Done.class);
      return new WeakReference<>(lane, collected);
    }
  }
}
