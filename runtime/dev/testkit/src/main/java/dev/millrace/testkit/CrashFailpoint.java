package dev.millrace.testkit;

import dev.millrace.pipeline.Failpoint;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A failpoint that ends a process at one passing of one point: the stage there throws, and from
 * then on every stage throws at every point, because nothing of a dead process goes on.
 */
public final class CrashFailpoint implements Failpoint {
  /** The exception thrown by a dead process. */
  public static final class Crash extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private Crash(Point point, long number) {
      super("process has crashed: point=%s number=%d".formatted(point, number));
    }
  }

  private final Point point;
  private final int passing;
  private final AtomicInteger passings = new AtomicInteger();
  private volatile boolean dead;

  private CrashFailpoint(Point point, int passing) {
    this.point = point;
    this.passing = passing;
  }

  /** Crashes when this point is passed for the {@code passing}-th time, counted from one. */
  public static CrashFailpoint at(Point point, int passing) {
    return new CrashFailpoint(point, passing);
  }

  @Override
  public void reached(Point at, long number) {
    if (at == point && passings.incrementAndGet() == passing) {
      dead = true;
    }
    if (dead) {
      throw new Crash(at, number);
    }
  }

  /** True if the crash has happened. */
  public boolean hasHappened() {
    return dead;
  }

  @Override
  public String toString() {
    return "crash at passing %d of %s".formatted(passing, point);
  }
}
