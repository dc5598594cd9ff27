package dev.millrace.lane;

import com.lmax.disruptor.AlertException;
import com.lmax.disruptor.Sequence;
import com.lmax.disruptor.SequenceBarrier;
import com.lmax.disruptor.TimeoutException;
import com.lmax.disruptor.WaitStrategy;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Waits for the previous stage by parking, each time longer the longer the wait has lasted.
 *
 * <p>A park that ends costs up to 25 µs of CPU where the machine is virtual and busy, so parks of a
 * fixed length either are long beside a small batch or cost, over a long wait, several hundredths
 * of a core. Here a wait ends late by at most one thirty-second of its length, and a long wait
 * checks 100 times a second.
 *
 * <p>An interrupt does not end a wait, a stopped stage does. The interrupt flag is cleared, because
 * every park returns at once while it is set.
 */
final class BackoffParkWaitStrategy implements WaitStrategy {
  private static final int PART = 32;
  private static final long MIN_PARK_NANOS = TimeUnit.MICROSECONDS.toNanos(200);
  private static final long MAX_PARK_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  /** After this wait the stage gets a timeout, and may do work that no batch asks for. */
  private static final long IDLE = TimeUnit.SECONDS.toNanos(5);

  @Override
  public long waitFor(
      long sequence, Sequence cursor, Sequence dependentSequence, SequenceBarrier barrier)
      throws AlertException, TimeoutException {
    long available = dependentSequence.get();
    long begun = System.nanoTime();
    while (available < sequence) {
      barrier.checkAlert();
      long waited = System.nanoTime() - begun;
      if (waited >= IDLE) {
        throw TimeoutException.INSTANCE;
      }
      LockSupport.parkNanos(park(waited));
      Thread.interrupted();
      available = dependentSequence.get();
    }
    return available;
  }

  private static long park(long waited) {
    return Math.clamp(waited / PART, MIN_PARK_NANOS, MAX_PARK_NANOS);
  }

  /** Does nothing: no stage blocks. */
  @Override
  public void signalAllWhenBlocking() {}
}
