package dev.millrace.source;

import dev.millrace.rpc.LogColumns;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.LongStream;

/** The share of ranges, and of their blocks, whose logs are compared with blooms. Any thread. */
final class AuditSample {
  /** Minimum of blocks compared in an audited range: an endpoint that drops logs drops many. */
  private static final int MIN_SAMPLE = 100;

  private static final int EXPECTED = 20;

  private final double audited;
  private volatile double density; // logs per block lately; threads may overwrite each other's

  /**
   * @param audited the configured share
   */
  AuditSample(double audited) {
    this.audited = audited;
  }

  /**
   * True if a range is to be compared with blooms: a random share, and each range without logs
   * where some twenty were to be expected, since that is how a node answers that has lost its
   * index.
   */
  boolean includes(LogColumns logs, long range, boolean isWhole) {
    double blocks = range;
    boolean suspicious = isWhole && logs.isEmpty() && density * blocks >= EXPECTED;
    if (isWhole) {
      double before = density;
      density = before + (logs.size() / blocks - before) / 8;
    }
    return suspicious || ThreadLocalRandom.current().nextDouble() < audited;
  }

  /**
   * Samples the blocks of an audited range, one from each of its equal parts: the configured share.
   */
  List<Long> blocks(long from, long to) {
    long blocks = to - from + 1;
    long parts = Math.max(MIN_SAMPLE, Math.round(blocks * audited));
    if (parts >= blocks) {
      return all(from, to);
    }
    return LongStream.range(0, parts)
        .map(part -> {
          long first = from + part * blocks / parts;
          return ThreadLocalRandom.current().nextLong(first, from + (part + 1) * blocks / parts);
        })
        .boxed()
        .toList();
  }

  static List<Long> all(long from, long to) {
    return LongStream.rangeClosed(from, to).boxed().toList();
  }
}
