package dev.millrace.lane;

import dev.millrace.pipeline.PendingCallTracker;
import dev.millrace.pipeline.SourceEvent;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The event whose handler is running: named in the status when a handler hangs without calling its
 * Context, or when the handlers of a batch return and the batch takes long all the same.
 *
 * <p>An event costs no clock read. The time of a handler is counted from the first call of {@link
 * #waitingFor} that found its event, or from the start of the batch for the first event of the
 * batch, so the time is never overstated.
 */
final class HandlerWatchdog {
  /** Time after which a batch is named: with rows to load some seconds are usual. */
  static final Duration LONG_BATCH = Duration.ofSeconds(10);

  private final LongSupplier nanos;
  private final AtomicReference<@Nullable SourceEvent> running = new AtomicReference<>();
  private volatile List<SourceEvent> batch = List.of();
  private volatile long begun;
  private @Nullable SourceEvent seen; // @GuardedBy this
  private long seenAt; // @GuardedBy this

  HandlerWatchdog(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /** Records the events of a batch, of which there is one at least. Execute thread. */
  void begin(List<SourceEvent> events) {
    begun = nanos.getAsLong();
    batch = events;
  }

  /** Records the event whose handler is about to run. Execute thread. */
  void run(SourceEvent event) {
    running.setRelease(event);
  }

  /** Records that no handler runs. Execute thread. */
  void end() {
    running.setRelease(null);
    batch = List.of();
  }

  /**
   * Describes the handler and its event once it has run for long, or once its batch has; else
   * empty. Any thread.
   */
  @SuppressWarnings("ReferenceEquality") // the same call, not an equal event
  synchronized String waitingFor() {
    SourceEvent now = running.getAcquire();
    List<SourceEvent> events = batch;
    long time = nanos.getAsLong();
    if (now != seen) {
      seen = now;
      seenAt = !events.isEmpty() && now == events.getFirst() ? begun : time;
    }
    if (now == null) {
      return "";
    }
    long ran = time - seenAt;
    if (ran >= PendingCallTracker.LONG.toNanos()) {
      return "the handler of an event: %s, for %d s".formatted(now.describe(), seconds(ran));
    }
    return time - begun < LONG_BATCH.toNanos()
        ? ""
        : "the handlers of a batch: event %d of %d, %s, for %d s"
            .formatted(
                index(events, now) + 1, events.size(), now.describe(), seconds(time - begun));
  }

  @SuppressWarnings("ReferenceEquality") // the event itself, not an equal one
  private static int index(List<SourceEvent> events, SourceEvent event) {
    int index = 0;
    while (index < events.size() && events.get(index) != event) {
      index++;
    }
    return index;
  }

  private static long seconds(long nanos) {
    return TimeUnit.NANOSECONDS.toSeconds(nanos);
  }
}
