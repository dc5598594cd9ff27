package dev.millrace.postgres;

import dev.millrace.pipeline.Probe;
import java.util.concurrent.CountDownLatch;

/** Holds a commit at one point until the gate is opened, despite interrupts. */
final class Gate implements Probe, AutoCloseable {
  private final Probe.Point held;
  private final long number;
  private final CountDownLatch reached = new CountDownLatch(1);
  private final CountDownLatch opened = new CountDownLatch(1);

  Gate(Probe.Point held, long number) {
    this.held = held;
    this.number = number;
  }

  @Override
  public void pass(Point point, long at) {
    if (point == held && at == number) {
      reached.countDown();
      awaitUninterruptibly(opened);
    }
  }

  void awaitReached() {
    awaitUninterruptibly(reached);
  }

  @Override
  public void close() {
    opened.countDown();
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    boolean interrupted = false;
    while (true) {
      try {
        latch.await();
        break;
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
