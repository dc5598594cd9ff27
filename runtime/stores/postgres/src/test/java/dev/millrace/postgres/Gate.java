package dev.millrace.postgres;

import dev.millrace.pipeline.Failpoint;
import java.util.concurrent.CountDownLatch;

/** Holds a commit at one point until the gate is opened, despite interrupts. */
final class Gate implements Failpoint, AutoCloseable {
  private final Failpoint.Point held;
  private final long number;
  private final CountDownLatch reached = new CountDownLatch(1);
  private final CountDownLatch opened = new CountDownLatch(1);

  Gate(Failpoint.Point held, long number) {
    this.held = held;
    this.number = number;
  }

  @Override
  public void reached(Point point, long at) {
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
