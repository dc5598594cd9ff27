package dev.millrace.rpc;

import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;

/** A machine whose clock a test sets ahead, and on which pauses take no time if it is hurried. */
final class HurriedRuntime implements CallRuntime {
  private final SystemCallRuntime machine = new SystemCallRuntime();
  private final AtomicLong ahead = new AtomicLong();
  private final boolean isHurried;

  HurriedRuntime() {
    this(true);
  }

  private HurriedRuntime(boolean isHurried) {
    this.isHurried = isHurried;
  }

  static HurriedRuntime withRealPauses() {
    return new HurriedRuntime(false);
  }

  void pass(Duration time) {
    ahead.addAndGet(time.toNanos());
  }

  @Override
  public long nanos() {
    return machine.nanos() + ahead.get();
  }

  @Override
  public long await(Condition signal, long nanos) throws InterruptedException {
    if (!isHurried) {
      return machine.await(signal, nanos);
    }
    ahead.addAndGet(nanos);
    long _ = machine.await(signal, TimeUnit.MILLISECONDS.toNanos(1));
    return 0;
  }

  @Override
  public void pause(long nanos) {
    ahead.addAndGet(nanos);
  }

  @Override
  public long chance(long bound) {
    return 0;
  }

  @Override
  public ExecutorService threads(String name) {
    return machine.threads(name);
  }
}
