package dev.millrace.lane;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loaders.Bytes32;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.EventHandler;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.pipeline.SourceEvent;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class HandlerWatchdogTest {
  private final AtomicLong nanos = new AtomicLong();
  private final HandlerWatchdog watch = new HandlerWatchdog(nanos::get);
  private final List<SourceEvent> events =
      IntStream.range(0, 50).mapToObj(HandlerWatchdogTest::event).toList();

  @Test
  @Tag("H6")
  @DisplayName("H6 a batch whose handlers return and that takes long names the event it is at")
  void batch_thatTakesLongIsNamed() {
    watch.begin(events);
    for (int at = 0; at < 20; at++) {
      watch.run(events.get(at));
      pass(1);
      String waitingFor = watch.waitingFor();

      assertThat(waitingFor)
          .isEqualTo(
              at < 9
                  ? ""
                  : "the handlers of a batch: event %d of 50, %s, for %d s"
                      .formatted(at + 1, events.get(at).describe(), at + 1));
    }
    pass(4);
    assertThat(watch.waitingFor())
        .isEqualTo("the handler of an event: " + events.get(19).describe() + ", for 4 s");

    watch.end();
    assertThat(watch.waitingFor()).isEmpty();
  }

  @Test
  @Tag("H6")
  @DisplayName("H6 the first event of a batch is named with all of its time")
  void firstEvent_countsFromTheBeginOfItsBatch() {
    watch.begin(events);
    watch.run(events.getFirst());
    pass(40);

    assertThat(watch.waitingFor())
        .isEqualTo("the handler of an event: " + events.getFirst().describe() + ", for 40 s");
  }

  private void pass(long seconds) {
    nanos.addAndGet(Duration.ofSeconds(seconds).toNanos());
  }

  private static SourceEvent event(int index) {
    SourceBlock block = new SourceBlock(7, Bytes32.ZERO, Bytes32.ZERO, Instant.EPOCH);
    return new SourceEvent(block, index, new Nothing(), "event");
  }

  private record Nothing() implements EventHandler {
    @Override
    public String name() {
      return "nothing";
    }

    @Override
    public void handle(SourceEvent event, Context context) {}
  }
}
