package dev.millrace.clickhouse;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Ends a call that has taken too long, by closing the connections that it uses. A socket has a
 * limit for reading and none for writing: a server that stands still in the middle of an insert
 * would hold the call for ever.
 */
final class CallDeadline implements AutoCloseable {
  private static final ScheduledExecutorService CLOCK =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("millrace-clickhouse-deadline").factory());

  private final Future<?> alarm;

  private CallDeadline(Future<?> alarm) {
    this.alarm = alarm;
  }

  /** Runs the ending after the limit, unless this is closed before. */
  static CallDeadline in(Duration limit, Runnable ending) {
    // Closing may wait for a lock that the call holds, so not on the clock's own thread.
    return new CallDeadline(
        CLOCK.schedule(
            () -> {
              Thread.ofVirtual().name("millrace-clickhouse-end").start(ending);
            },
            limit.toMillis(),
            TimeUnit.MILLISECONDS));
  }

  @Override
  public void close() {
    alarm.cancel(false);
  }
}
