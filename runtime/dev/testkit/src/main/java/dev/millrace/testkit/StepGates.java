package dev.millrace.testkit;

import dev.millrace.pipeline.Failpoint;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * A failpoint with which a test decides when a stage may go on, instead of hoping that it is slow
 * enough.
 *
 * <pre>{@code
 * StepGates.Gate commits = gates.hold(Failpoint.Point.BEFORE_COMMIT);
 * …
 * commits.await();    // a commit stands there now
 * commits.release();  // all may go on
 * }</pre>
 */
public final class StepGates implements Failpoint {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** One passing of a point by a stage. */
  public record Passing(Point point, long number) {}

  /** Thrown in a stage that was interrupted while it was held. */
  private static final class Broken extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private Broken(Point point, long number) {
      super("interrupted while held: point=%s number=%d".formatted(point, number));
    }
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final List<Gate> gates = new ArrayList<>(); // guarded by lock
  private final List<Passing> passed = new ArrayList<>(); // guarded by lock

  /** Stops every stage at this point until the gate is released. */
  public Gate hold(Point point) {
    return add(new Gate(point, -1));
  }

  /** Stops one batch or commit at this point until the gate is released. */
  public Gate hold(Point point, long number) {
    return add(new Gate(point, number));
  }

  private Gate add(Gate gate) {
    lock.lock();
    try {
      gates.add(gate);
      return gate;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void reached(Point point, long number) {
    lock.lock();
    try {
      for (Gate gate : List.copyOf(gates)) {
        if (gate.point == point && (gate.number == -1 || gate.number == number)) {
          standAt(gate, point, number);
        }
      }
      passed.add(new Passing(point, number));
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The caller holds the lock. */
  private void standAt(Gate gate, Point point, long number) {
    gate.holding++;
    changed.signalAll();
    try {
      while (!gate.open) {
        changed.await();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw new Broken(point, number);
    } finally {
      gate.holding--;
    }
  }

  /** Waits until a stage has gone past a point with this number. */
  public void awaitPassed(Point point, long number) {
    awaitThat(
        () -> passed.contains(new Passing(point, number)), "passing of " + point + " " + number);
  }

  /** Every passing so far, in order. */
  public List<Passing> passed() {
    lock.lock();
    try {
      return List.copyOf(passed);
    } finally {
      lock.unlock();
    }
  }

  /** The numbers with which a point was passed so far, in order. */
  public List<Long> passed(Point point) {
    return passed().stream().filter(one -> one.point == point).map(Passing::number).toList();
  }

  private void awaitThat(BooleanSupplier condition, String what) {
    long left = PATIENCE.toNanos();
    lock.lock();
    try {
      while (!condition.getAsBoolean()) {
        if (left <= 0) {
          throw new AssertionError(
              "waited in vain: for=\"%s\" seconds=%d passed=%s"
                  .formatted(what, PATIENCE.toSeconds(), passed));
        }
        left = changed.awaitNanos(left);
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted while waiting: for=" + what, interrupted);
    } finally {
      lock.unlock();
    }
  }

  /** A point where stages are stopped. */
  public final class Gate {
    private final Point point;
    private final long number;
    private int holding; // guarded by lock
    private boolean open; // guarded by lock

    private Gate(Point point, long number) {
      this.point = point;
      this.number = number;
    }

    /** Waits until a stage stands at this gate. */
    public void await() {
      awaitThat(() -> holding > 0, "a stage at " + point);
    }

    /** Releases every stage that stands at this gate, and stops no further one. */
    public void release() {
      lock.lock();
      try {
        open = true;
        gates.remove(this);
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }

    /** True if no stage arrives within a time: for events that must not happen. */
    public boolean staysEmpty(Duration time) throws InterruptedException {
      long left = time.toNanos();
      lock.lock();
      try {
        while (holding == 0 && left > 0) {
          left = changed.awaitNanos(left);
        }
        return holding == 0;
      } finally {
        lock.unlock();
      }
    }
  }
}
