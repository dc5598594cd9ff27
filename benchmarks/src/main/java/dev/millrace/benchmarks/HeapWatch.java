package dev.millrace.benchmarks;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Samples the heap a hundred times a second and keeps the peak usage, garbage included. */
final class HeapWatch implements AutoCloseable {
  private static final Duration INTERVAL = Duration.ofMillis(10);

  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile long peak;

  private HeapWatch() {}

  static HeapWatch start() {
    HeapWatch watch = new HeapWatch();
    Thread.ofPlatform().daemon().name("millrace-bench-heap").start(watch::look);
    return watch;
  }

  private void look() {
    try {
      do {
        long used = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
        peak = Math.max(peak, used);
      } while (!closed.await(INTERVAL.toNanos(), TimeUnit.NANOSECONDS));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  long peak() {
    return peak;
  }

  @Override
  public void close() {
    closed.countDown();
  }
}
