package dev.millrace.simulation;

import static dev.millrace.simulation.LaneHarness.LANE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.lane.LaneSettings;
import dev.millrace.loaders.Bytes32;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.EventHandler;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.LaneStores;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.pipeline.SourceEvent;
import dev.millrace.testkit.StepGates;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Batches that are small by their number of events and large by what these carry. */
@Timeout(60)
final class LargeEventsTest {
  private static final int BATCHES = 30;
  private static final int EVENTS = 1_000;
  private static final int EVENT_BYTES = 20_000;
  private static final long BATCH_BYTES = EVENTS * (long) EVENT_BYTES;

  private final AtomicInteger delivered = new AtomicInteger();
  private final AtomicInteger mostHeld = new AtomicInteger();

  /** Handles events and changes nothing. */
  private static final class Nothing implements EventHandler {
    @Override
    public String name() {
      return "nothing";
    }

    @Override
    public void handle(SourceEvent event, Context context) {}
  }

  /** Counts the batches that it has delivered and that are not durable. */
  private final class LargeFeed implements Source.Feed {
    private final EventHandler nothing = new Nothing();
    private final IntSupplier durable;

    LargeFeed(IntSupplier durable) {
      this.durable = durable;
    }

    @Override
    public Source.@Nullable Step next(int events) {
      int number = delivered.get();
      if (number == BATCHES) {
        return null;
      }
      SourceBlock block =
          new SourceBlock(number, hash(number + 1), hash(number), Instant.ofEpochSecond(number));
      delivered.incrementAndGet();
      mostHeld.accumulateAndGet(number + 1 - durable.getAsInt(), Math::max);
      // One event as often as it takes: only the bytes that it names count.
      SourceEvent event = new SourceEvent(block, 0, nothing, "", EVENT_BYTES);
      List<SourceEvent> all = Collections.nCopies(EVENTS, event);
      return new Batch(all, List.of(), block, Long.MAX_VALUE, List.of());
    }

    private static Bytes32 hash(int number) {
      return Bytes32.of(ByteBuffer.allocate(32).putInt(number).array());
    }

    @Override
    public Source.BlockRange extent() {
      return new Source.BlockRange(
          OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty());
    }

    @Override
    public String waitingFor() {
      return "";
    }

    @Override
    public void close() {}
  }

  @Test
  @Tag("A52")
  @DisplayName("A52 events in transit and fetched count with what they carry")
  void events_countByTheirBytes() throws Exception {
    StepGates gates = new StepGates();
    StepGates.Gate commits = gates.hold(Failpoint.Point.BEFORE_COMMIT_GROUP);
    Indexer indexer = LaneHarness.definition();
    LaneStores stores = new LaneStores(new MemoryStore(indexer).opened(gates).takeOver(LANE));
    // Room for four: two in transit, one that may run then, and one that is fetched beside it.
    LaneSettings settings = new LaneSettings(20, EVENTS, 4 * BATCH_BYTES + 1_000, 64 << 20);
    Lane[] lane = new Lane[1];
    Source source = _ -> new LargeFeed(() -> (int) lane[0].status().committed().batches());
    lane[0] = new Lane(LANE, indexer, source, stores, settings, gates);
    try (Lane running = lane[0]) {
      running.start();
      commits.await();
      LaneHarness.awaitThat(() -> running.status().waitingFor().equals("room in memory"));
      assertThat(running.status().bytesInTransit()).isBetween(BATCH_BYTES, 4 * BATCH_BYTES);
      commits.release();
      assertThat(running.await()).isEqualTo(new LaneOutcome.Done());
    }
    assertThat(delivered).hasValue(BATCHES);
    assertThat(mostHeld.get()).as("batches held at a time").isBetween(4, 6);
  }
}
