package dev.millrace.rpc;

import java.util.concurrent.Semaphore;

/**
 * A number of bytes that may be on their way at once, shared by all who are given it. First come,
 * first served; what is larger than all of it waits for all of it.
 */
public final class Permits {
  private static final int UNIT = 1024;

  private final int units;
  private final Semaphore free;

  public Permits(long bytes) {
    units = Math.toIntExact(Math.max(1, Math.ceilDiv(bytes, UNIT)));
    free = new Semaphore(units, true);
  }

  /** Waits for room; give the same number back. */
  public void acquire(long bytes) throws InterruptedException {
    free.acquire(units(bytes));
  }

  public void release(long bytes) {
    free.release(units(bytes));
  }

  private int units(long bytes) {
    return Math.clamp(Math.ceilDiv(bytes, UNIT), 1, units);
  }
}
