package dev.millrace.rpc;

import java.util.concurrent.Semaphore;

/**
 * Budget of bytes in flight, shared by all holders of the instance. First come, first served; a
 * request larger than the whole budget waits for all of it.
 */
public final class InFlightByteBudget {
  private static final int UNIT = 1024;

  private final int units;
  private final Semaphore free;

  public InFlightByteBudget(long bytes) {
    units = Math.toIntExact(Math.max(1, Math.ceilDiv(bytes, UNIT)));
    free = new Semaphore(units, true);
  }

  /** Waits for room. The caller releases the same number. */
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
