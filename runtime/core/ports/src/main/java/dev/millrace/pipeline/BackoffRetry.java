package dev.millrace.pipeline;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Retries a call to a store while its error has remedy {@code RETRY}. */
public final class BackoffRetry {
  private static final Logger LOG = LoggerFactory.getLogger(BackoffRetry.class);
  private static final Duration FIRST = Duration.ofMillis(20);
  private static final Duration MAX_PAUSE = Duration.ofSeconds(5);

  /** Time to restart a database by hand; after that, a supervisor may do better. */
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  private final CountDownLatch abandoned = new CountDownLatch(1);
  private final LongSupplier nanos;

  private final PendingCallTracker calls;

  public BackoffRetry(LongSupplier nanos) {
    this.nanos = nanos;
    this.calls = new PendingCallTracker(nanos);
  }

  /** The pending calls, including those of {@link #call}. */
  public PendingCallTracker calls() {
    return calls;
  }

  /** Ends all waiting: pending calls fail with their last error. */
  public void abandon() {
    abandoned.countDown();
  }

  /**
   * Retries a call while its error says {@code RETRY}, up to {@link #PATIENCE} after its first
   * failure: time before that failure does not count.
   */
  public <T> T call(String what, Supplier<T> call) {
    return call(what, PATIENCE, call);
  }

  /** Retries a call that returns nothing. */
  public void run(String what, Runnable call) {
    boolean _ =
        call(
            what,
            () -> {
              call.run();
              return true;
            });
  }

  /** Retries a call with a patience of its own. */
  public <T> T call(String what, Duration patience, Supplier<T> call) {
    Duration pause = FIRST;
    long failing = 0;
    boolean hasFailed = false;
    try (PendingCallTracker.Call pending = calls.begin(what)) {
      while (true) {
        try {
          return call.get();
        } catch (MillraceException failed) {
          if (failed.remedy() != Remedy.RETRY) {
            throw failed;
          }
          if (!hasFailed) {
            hasFailed = true;
            failing = nanos.getAsLong();
          }
          giveUpAfterPatience(what, patience, failing, failed);
          LOG.warn(
              "{} failed and will be tried again in {} ms: {}",
              what,
              pause.toMillis(),
              failed.getMessage());
          pending.failed(String.valueOf(failed.getMessage()));
          pause(what, pause, failed);
          pause =
              pause.multipliedBy(2).compareTo(MAX_PAUSE) < 0 ? pause.multipliedBy(2) : MAX_PAUSE;
        }
      }
    }
  }

  private void giveUpAfterPatience(
      String what, Duration patience, long failing, MillraceException last) {
    long waited = nanos.getAsLong() - failing;
    if (waited > patience.toNanos()) {
      throw new MillraceException(
          Remedy.RESTART,
          "gave up after failures: call=%s minutes=%d last=\"%s\""
              .formatted(what, TimeUnit.NANOSECONDS.toMinutes(waited), last.getMessage()),
          last);
    }
  }

  private void pause(String what, Duration pause, MillraceException last) {
    long jittered =
        pause.toNanos() / 2 + ThreadLocalRandom.current().nextLong(pause.toNanos() / 2 + 1);
    try {
      if (abandoned.await(jittered, TimeUnit.NANOSECONDS)) {
        throw new MillraceException(
            Remedy.RESTART,
            "lane was abandoned while a store was unavailable: call=%s last=\"%s\""
                .formatted(what, last.getMessage()),
            last);
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw new MillraceException(
          Remedy.RESTART, "interrupted while a store was unavailable: call=" + what, last);
    }
  }
}
