package dev.millrace.clickhouse.client;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Ends a call that takes too long by closing its connections. A socket has a timeout for reads and
 * none for writes: a server that stalls in the middle of an insert would block the call for ever.
 */
final class CallDeadline implements AutoCloseable {
  private static final ScheduledExecutorService CLOCK =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("millrace-clickhouse-deadline").factory());

  private final Runnable ending;
  private final Future<?> alarm;

  /** Set once the call has ended or its ending has begun, whichever comes first. */
  private final AtomicBoolean over = new AtomicBoolean();

  private CallDeadline(Duration limit, Runnable ending) {
    this.ending = ending;
    this.alarm = CLOCK.schedule(this::expire, limit.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Runs the ending after the limit, unless the deadline is met or closed before. */
  static CallDeadline in(Duration limit, Runnable ending) {
    return new CallDeadline(limit, ending);
  }

  /** Runs the ending, unless the call is over. */
  void expire() {
    if (over.compareAndSet(false, true)) {
      // Closing may wait for a lock that the call holds, so not on the scheduler's own thread.
      Thread.ofPlatform().daemon().name("millrace-clickhouse-end").start(ending);
    }
  }

  /**
   * Marks the call as succeeded. Returns true if the ending will never run, and false if it has
   * begun, so that the connections are of no more use.
   */
  boolean meet() {
    return over.compareAndSet(false, true);
  }

  @Override
  public void close() {
    over.set(true);
    alarm.cancel(false);
  }
}
