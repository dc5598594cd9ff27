package dev.millrace.pipeline;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes a store's call again while its error says that this may help. */
final class Retry {
  private static final Logger LOG = LoggerFactory.getLogger(Retry.class);
  private static final Duration FIRST = Duration.ofMillis(20);
  private static final Duration LONGEST = Duration.ofSeconds(5);

  /**
   * As long as a database takes to be restarted by people; a supervisor may do better after that.
   */
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  private final CountDownLatch abandoned = new CountDownLatch(1);
  private final LongSupplier nanos;

  /** What each call that has to wait is waiting for, by a mark of its own. */
  private final Map<Object, String> waits = new ConcurrentHashMap<>();

  Retry(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /** What is being waited for, in words; empty if nothing. */
  String waitingFor() {
    return waits.values().stream().sorted().findFirst().orElse("");
  }

  /** Ends all waiting: calls in progress fail with their last error. */
  void abandon() {
    abandoned.countDown();
  }

  <T> T call(String what, Supplier<T> call) {
    long begun = nanos.getAsLong();
    Object mark = new Object();
    Duration pause = FIRST;
    try {
      while (true) {
        try {
          return call.get();
        } catch (MillraceException failed) {
          if (failed.remedy() != Remedy.RETRY) {
            throw failed;
          }
          giveUpAfterPatience(what, begun, failed);
          LOG.warn(
              "{} failed and will be tried again in {} ms: {}",
              what,
              pause.toMillis(),
              failed.getMessage());
          waits.put(mark, what + ": " + failed.getMessage());
          pause(what, pause, failed);
          pause = pause.multipliedBy(2).compareTo(LONGEST) < 0 ? pause.multipliedBy(2) : LONGEST;
        }
      }
    } finally {
      waits.remove(mark);
    }
  }

  private void giveUpAfterPatience(String what, long begun, MillraceException last) {
    long waited = nanos.getAsLong() - begun;
    if (waited > PATIENCE.toNanos()) {
      throw new MillraceException(
          Remedy.RESTART,
          "store stayed unavailable: call=%s minutes=%d last=\"%s\""
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
