package dev.millrace.runner;

import dev.millrace.jobs.JobStatus;
import dev.millrace.loaders.MillraceException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The last status of the queues: several scrapes a second cost one look at the database, and none
 * waits long for a database that does not answer. Any thread.
 */
final class JobStatusCache {
  private static final Logger log = LoggerFactory.getLogger(JobStatusCache.class);
  private static final Duration MAX_AGE = Duration.ofSeconds(1);
  private static final Duration MAX_WAIT = Duration.ofMillis(500);

  private final Supplier<JobStatus> source;
  private @Nullable JobStatus known; // @GuardedBy this; null if the last look has failed
  private boolean hasLooked; // @GuardedBy this
  private boolean looking; // @GuardedBy this
  private long lookedAt; // @GuardedBy this

  JobStatusCache(Supplier<JobStatus> source) {
    this.source = source;
  }

  /** Returns the status; empty if the database does not answer in time. */
  synchronized Optional<JobStatus> latest() {
    long now = System.nanoTime();
    if (!looking && (!hasLooked || now - lookedAt > MAX_AGE.toNanos())) {
      looking = true;
      SupervisorThread.start("jobs-status", this::look);
    }
    try {
      for (long left = MAX_WAIT.toNanos(); looking && left > 0; ) {
        TimeUnit.NANOSECONDS.timedWait(this, left);
        left = now + MAX_WAIT.toNanos() - System.nanoTime();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    return looking ? Optional.empty() : Optional.ofNullable(known);
  }

  private void look() {
    JobStatus found = null;
    try {
      found = source.get();
    } catch (MillraceException away) {
      log.debug("queues cannot be read", away);
    } finally {
      end(found);
    }
  }

  private synchronized void end(@Nullable JobStatus found) {
    known = found;
    hasLooked = true;
    looking = false;
    lookedAt = System.nanoTime();
    notifyAll();
  }
}
