package dev.millrace.lane;

import dev.millrace.pipeline.PendingCallTracker;
import dev.millrace.pipeline.SourceEvent;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The event whose handler is running: named in the status when a handler hangs without calling its
 * Context.
 *
 * <p>An event costs no clock read. Its time is counted from the first look that found it, or from
 * the start of its batch if it is the batch's first event, so it is never overstated.
 */
final class HandlerWatchdog {
  private final LongSupplier nanos;
  private final AtomicReference<@Nullable SourceEvent> running = new AtomicReference<>();
  private volatile @Nullable SourceEvent first;
  private volatile long begun;
  private @Nullable SourceEvent seen; // @GuardedBy this
  private long seenAt; // @GuardedBy this

  HandlerWatchdog(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /** Records the first event of a batch. Execute thread. */
  void begin(SourceEvent event) {
    begun = nanos.getAsLong();
    first = event;
  }

  /** Records the event whose handler is about to run. Execute thread. */
  void run(SourceEvent event) {
    running.setRelease(event);
  }

  /** Records that no handler runs. Execute thread. */
  void end() {
    running.setRelease(null);
    first = null;
  }

  /** Describes the handler and its event once it has run for long; else empty. Any thread. */
  @SuppressWarnings("ReferenceEquality") // the same call, not an equal event
  synchronized String waitingFor() {
    SourceEvent now = running.getAcquire();
    long time = nanos.getAsLong();
    if (now != seen) {
      seen = now;
      seenAt = now == first ? begun : time;
    }
    long ran = time - seenAt;
    return now == null || ran < PendingCallTracker.LONG.toNanos()
        ? ""
        : "the handler of an event: %s, for %d s"
            .formatted(now.describe(), TimeUnit.NANOSECONDS.toSeconds(ran));
  }
}
