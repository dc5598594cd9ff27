package dev.millrace.jobs;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Platform threads for work that keeps a core busy, as many at a time as the pool has places. On
 * virtual threads such work would keep every other virtual thread of the process from running.
 *
 * <p>A computation that ignores its interrupt goes on without a place: the next one must not wait
 * for what never ends.
 */
final class ComputePool {
  private final Semaphore places;
  private final AtomicLong started = new AtomicLong();

  ComputePool(int size) {
    places = new Semaphore(size, true);
  }

  /**
   * A computation that has passed its deadline. It spends an attempt: the next may do so as well.
   */
  static final class ComputeTimeoutException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ComputeTimeoutException(String message) {
      super(message);
    }
  }

  /**
   * Runs a body, and waits for it until its deadline, which counts from its begin.
   *
   * @throws ComputeTimeoutException if the body has not ended; it is interrupted
   */
  <T extends @Nullable Object> T call(String name, Duration deadline, Callable<T> body)
      throws Exception {
    FutureTask<T> task = new FutureTask<>(body);
    places.acquire();
    try {
      Thread.ofPlatform()
          .daemon()
          .name("millrace-jobs-compute-" + started.incrementAndGet())
          .start(task);
      return task.get(deadline.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException failed) {
      Throwable cause = failed.getCause();
      if (cause instanceof Exception exception) {
        throw exception;
      }
      if (cause instanceof Error error) {
        throw error;
      }
      throw failed;
    } catch (TimeoutException _) {
      throw new ComputeTimeoutException(
          "computation has not ended: step=%s deadline=%s".formatted(name, deadline));
    } finally {
      task.cancel(true);
      places.release();
    }
  }
}
