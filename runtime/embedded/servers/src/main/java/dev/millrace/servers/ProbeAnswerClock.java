package dev.millrace.servers;

import java.time.Duration;
import java.util.Optional;

/**
 * Distinguishes a busy server from a hanging one. Both are late with an answer; a busy server uses
 * its processor meanwhile. Time without a look does not count: the machine slept, or this process
 * was stopped too.
 */
final class ProbeAnswerClock {
  /** Looks are 0.2 s apart. */
  private static final long MAX_GAP_NANOS = Duration.ofSeconds(5).toNanos();

  /** A server that stands still uses a hundredth of a core, for its own housekeeping. */
  private static final double STILL = 0.05;

  private static final int BUSY_FACTOR = 5;

  private final long limit;
  private long lastLook;
  private long silentNanos;
  private Duration cpuAtAnswer;

  ProbeAnswerClock(Duration limit, long now, Duration cpu) {
    this.limit = limit.toNanos();
    this.lastLook = now;
    this.cpuAtAnswer = cpu;
  }

  /**
   * Takes another look.
   *
   * @param answered true if an answer has come since the last look
   * @param cpu the processor time of the server since it began
   * @return the reason to consider the server hanging; empty if it is not
   */
  Optional<String> look(long now, boolean answered, Duration cpu) {
    long gap = now - lastLook;
    lastLook = now;
    if (answered) {
      silentNanos = 0;
      cpuAtAnswer = cpu;
      return Optional.empty();
    }
    silentNanos += gap > MAX_GAP_NANOS ? 0 : gap;
    double used = cpu.minus(cpuAtAnswer).toNanos();
    boolean still = used < STILL * silentNanos;
    if (silentNanos < (still ? limit : BUSY_FACTOR * limit)) {
      return Optional.empty();
    }
    return Optional.of(
        "no answer: seconds=%d cpu=%.1f"
            .formatted(Duration.ofNanos(silentNanos).toSeconds(), used / 1e9));
  }
}
