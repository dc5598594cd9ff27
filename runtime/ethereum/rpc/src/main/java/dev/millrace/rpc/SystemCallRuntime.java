package dev.millrace.rpc;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;

/** The clock and the virtual threads of this machine. */
final class SystemCallRuntime implements CallRuntime {
  @Override
  public long nanos() {
    return System.nanoTime();
  }

  // The callers loop.
  @SuppressWarnings("WaitNotInLoop")
  @Override
  public long await(Condition signal, long nanos) throws InterruptedException {
    return signal.awaitNanos(nanos);
  }

  @Override
  public void pause(long nanos) throws InterruptedException {
    LockSupport.parkNanos(nanos);
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
  }

  @Override
  public long chance(long bound) {
    return ThreadLocalRandom.current().nextLong(bound);
  }

  @Override
  public ExecutorService threads(String name) {
    return Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name(name, 0).factory());
  }
}
