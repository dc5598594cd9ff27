package dev.millrace.pipeline;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The event whose handler runs just now: what a lane waits for while a handler hangs without
 * calling its Context.
 *
 * <p>An event costs no look at the clock. Its time is counted from the first look that found it, or
 * from the begin of its batch if it is the first one there, so it is never overstated.
 */
final class HandlerWatch {
  private final LongSupplier nanos;
  private final AtomicReference<@Nullable Event> running = new AtomicReference<>();
  private volatile @Nullable Event first;
  private volatile long begun;
  private @Nullable Event seen; // @GuardedBy this
  private long seenAt; // @GuardedBy this

  HandlerWatch(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /** A batch begins with this event. Execute thread. */
  void begin(Event event) {
    begun = nanos.getAsLong();
    first = event;
  }

  /** The handler of this event is called. Execute thread. */
  void run(Event event) {
    running.setRelease(event);
  }

  /** No handler runs any more. Execute thread. */
  void end() {
    running.setRelease(null);
    first = null;
  }

  /** The handler and its event, in words, once it has run for long; else empty. Any thread. */
  @SuppressWarnings("ReferenceEquality") // the same call, not an equal event
  synchronized String waitingFor() {
    Event now = running.getAcquire();
    long time = nanos.getAsLong();
    if (now != seen) {
      seen = now;
      seenAt = now == first ? begun : time;
    }
    long ran = time - seenAt;
    return now == null || ran < PendingCalls.LONG.toNanos()
        ? ""
        : "the handler of an event: %s, for %d s"
            .formatted(now.describe(), TimeUnit.NANOSECONDS.toSeconds(ran));
  }
}
