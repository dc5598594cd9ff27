package dev.millrace.simulation;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Failpoint;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/** Random delays and errors, for any thread. */
final class RandomDisturbance {
  private static final long LINGER_NANOS = 300_000;

  private final Random random;

  RandomDisturbance(long seed) {
    this.random = new Random(seed);
  }

  synchronized boolean chance(int in) {
    return random.nextInt(in) == 0;
  }

  synchronized <T> T with(Function<Random, T> action) {
    return action.apply(random);
  }

  /** Fails a read now and then, once. */
  void fault() {
    if (chance(300)) {
      throw new MillraceException(Remedy.RETRY, "read has trouble: chance=300");
    }
  }

  /** Delays the arrival of rows after the read, so that a commit may land in between. */
  void linger() {
    if (chance(8)) {
      LockSupport.parkNanos(LINGER_NANOS);
    }
  }

  /** Slows commits, which lets more batches run ahead of them. */
  Failpoint slowed(Failpoint failpoint) {
    return (point, number) -> {
      if (point == Failpoint.Point.BEFORE_COMMIT && chance(4)) {
        LockSupport.parkNanos(4 * LINGER_NANOS);
      }
      failpoint.reached(point, number);
    };
  }
}
