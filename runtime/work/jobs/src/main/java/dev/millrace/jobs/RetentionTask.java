package dev.millrace.jobs;

import dev.millrace.loaders.MillraceException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes ended runs that are older than their retention, now and then. Each worker does: a delete
 * passes over rows that another one has locked.
 */
final class RetentionTask implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RetentionTask.class);
  private static final Duration MIN_PERIOD = Duration.ofMillis(100);
  private static final Duration MAX_PERIOD = Duration.ofHours(1);
  private static final Duration MAX_CLOSE = Duration.ofSeconds(2);

  private final JobTransactions.Opener connections;
  private final Duration age;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread thread;

  RetentionTask(JobTransactions.Opener connections, Duration age) {
    this.connections = connections;
    this.age = age;
    this.thread = Thread.ofPlatform().daemon().name("millrace-jobs-retain").start(this::run);
  }

  private void run() {
    Duration period = age.dividedBy(4);
    period = period.compareTo(MIN_PERIOD) < 0 ? MIN_PERIOD : period;
    period = period.compareTo(MAX_PERIOD) > 0 ? MAX_PERIOD : period;
    try {
      while (!closed.await(period.toMillis(), TimeUnit.MILLISECONDS)) {
        purge();
      }
    } catch (InterruptedException _) {
      LOG.debug("retention was interrupted");
    }
  }

  /** A failure is left to the next period: nothing waits for the room of old runs. */
  private void purge() {
    try (JobTransactions transactions =
        new JobTransactions(connections, "retention of runs", () -> closed.getCount() == 0)) {
      int purged;
      do {
        purged = transactions.run(connection -> RunControl.purge(connection, age));
        LOG.debug("runs were deleted at their age: runs={} age={}", purged, age);
      } while (purged > 0 && closed.getCount() > 0);
    } catch (MillraceException failed) {
      LOG.warn("old runs could not be deleted: reason=\"{}\"", failed.getMessage());
    }
  }

  @Override
  public void close() {
    closed.countDown();
    try {
      thread.join(MAX_CLOSE);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    thread.interrupt();
  }
}
