package dev.millrace.jobs;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Calls tasks after their time; a task only sets a flag and interrupts a thread. */
final class DeadlineTimer implements AutoCloseable {
  private final ScheduledThreadPoolExecutor executor =
      new ScheduledThreadPoolExecutor(
          1, Thread.ofPlatform().daemon().name("millrace-jobs-deadlines").factory());

  DeadlineTimer() {
    executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    executor.setRemoveOnCancelPolicy(true);
  }

  /** Returns the task, to be canceled when it is no longer needed. */
  Future<?> schedule(Duration time, Runnable task) {
    return executor.schedule(task, Math.max(0, time.toNanos()), TimeUnit.NANOSECONDS);
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }
}
