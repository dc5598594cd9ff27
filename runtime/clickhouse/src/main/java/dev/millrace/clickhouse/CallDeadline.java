package dev.millrace.clickhouse;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Ends a call that has taken too long, by closing the connections that it uses. A socket has a
 * limit for reading and none for writing: a server that stands still in the middle of an insert
 * would hold the call for ever.
 */
final class CallDeadline implements AutoCloseable {
  private static final ScheduledExecutorService CLOCK =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("millrace-clickhouse-deadline").factory());

  private final Runnable ending;
  private final Future<?> alarm;

  /** The call has ended, or its ending has begun: whichever came first. */
  private final AtomicBoolean over = new AtomicBoolean();

  private CallDeadline(Duration limit, Runnable ending) {
    this.ending = ending;
    this.alarm = CLOCK.schedule(this::expire, limit.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Runs the ending after the limit, unless this is met or closed before. */
  static CallDeadline in(Duration limit, Runnable ending) {
    return new CallDeadline(limit, ending);
  }

  /** The limit has come. */
  void expire() {
    if (over.compareAndSet(false, true)) {
      // Closing may wait for a lock that the call holds, so not on the clock's own thread.
      Thread.ofVirtual().name("millrace-clickhouse-end").start(ending);
    }
  }

  /**
   * The call has succeeded: true if the ending will never run, false if it has begun, so that the
   * connections are of no more use.
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
