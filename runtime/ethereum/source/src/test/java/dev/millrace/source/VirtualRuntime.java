package dev.millrace.source;

import dev.millrace.rpc.CallRuntime;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;

/**
 * Time, randomness and threads of a simulated source: everything runs on one thread, a wait moves
 * the clock and takes no time, and tasks run where they are submitted. So a seed repeats to the
 * byte.
 */
final class VirtualRuntime implements CallRuntime, InstantSource {
  private static final Instant BEGINNING = Instant.parse("2026-01-01T00:00:00Z");

  private final Random random;
  private long nanos;
  private boolean isEnding;
  private Runnable onWait = () -> {};

  VirtualRuntime(long seed) {
    random = new Random(seed);
  }

  /** Sets a task to run before each wait; it may {@link #end} the process. */
  void onWait(Runnable task) {
    onWait = task;
  }

  /** Ends the process as a close from outside would: by interrupts, until {@link #revive}. */
  void end() {
    isEnding = true;
    Thread.currentThread().interrupt();
  }

  void revive() {
    isEnding = false;
    Thread.interrupted();
  }

  boolean isEnding() {
    return isEnding;
  }

  void pass(Duration time) {
    nanos += time.toNanos();
  }

  long passed() {
    return nanos / 1_000_000;
  }

  @Override
  public Instant instant() {
    return BEGINNING.plusNanos(nanos);
  }

  @Override
  public long nanos() {
    return nanos;
  }

  @Override
  public long await(Condition signal, long time) throws InterruptedException {
    pause(time);
    return 0;
  }

  @Override
  public void pause(long time) throws InterruptedException {
    nanos += time;
    onWait.run();
    if (isEnding) {
      Thread.currentThread().interrupt();
      throw new InterruptedException("the process ends");
    }
  }

  @Override
  public long chance(long bound) {
    return random.nextLong(bound);
  }

  @Override
  public ExecutorService threads(String name) {
    return new Inline();
  }

  /** Runs each task at once, where it is submitted. */
  private final class Inline extends AbstractExecutorService {
    private boolean isShut;

    @Override
    public void execute(Runnable task) {
      task.run();
      if (isEnding) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public void shutdown() {
      isShut = true;
    }

    @Override
    public List<Runnable> shutdownNow() {
      isShut = true;
      return List.of();
    }

    @Override
    public boolean isShutdown() {
      return isShut;
    }

    @Override
    public boolean isTerminated() {
      return isShut;
    }

    @Override
    public boolean awaitTermination(long time, TimeUnit unit) {
      return isShut;
    }
  }
}
