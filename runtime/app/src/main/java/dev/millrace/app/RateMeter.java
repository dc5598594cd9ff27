package dev.millrace.app;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/** The growth rate of a count over the last few seconds. Confined to one thread. */
final class RateMeter {
  private static final long WINDOW_NANOS = Duration.ofSeconds(10).toNanos();

  /** The time that a count may stand still before the pace shows it. */
  private static final long STILL_NANOS = Duration.ofSeconds(3).toNanos();

  private final Deque<Sample> samples = new ArrayDeque<>();

  private record Sample(long nanos, long count) {}

  /**
   * Records a count. Durable counts grow commit by commit: between two commits nothing is recorded,
   * or the pace would fall a little with every call.
   */
  void observe(long nanos, long count) {
    boolean stands = !samples.isEmpty() && samples.getLast().count() == count;
    if (stands && samples.size() > 1 && nanos - samples.getLast().nanos() < STILL_NANOS) {
      return;
    }
    samples.addLast(new Sample(nanos, count));
    // Two samples stay even when they are old, or there would be no pace after a long pause.
    while (samples.size() > 2 && nanos - samples.getFirst().nanos() > WINDOW_NANOS) {
      samples.removeFirst();
    }
  }

  double perSecond() {
    if (samples.size() < 2) {
      return 0;
    }
    long nanos = samples.getLast().nanos() - samples.getFirst().nanos();
    long count = samples.getLast().count() - samples.getFirst().count();
    return nanos <= 0 ? 0 : Math.max(0, count * 1e9 / nanos);
  }

  /** Estimates the time for {@code remaining} more at this pace; empty while nothing moves. */
  Optional<Duration> timeFor(long remaining) {
    double pace = perSecond();
    return pace < 1e-9 || remaining / pace > Duration.ofDays(999).toSeconds()
        ? Optional.empty()
        : Optional.of(Duration.ofMillis(Math.round(remaining * 1e3 / pace)));
  }
}
