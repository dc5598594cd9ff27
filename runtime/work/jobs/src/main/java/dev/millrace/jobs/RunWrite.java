package dev.millrace.jobs;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * One write of the owner of a run. It names the claim token; the writer reports whether the claim
 * still counted.
 */
abstract sealed class RunWrite {
  /** The fate of a write. */
  enum Durability {
    /** Durable. */
    DURABLE,
    /** Refused, because the cancel of the run was asked. */
    CANCELED,
    /** Refused, because the claim is lost. */
    LOST
  }

  final long run;
  final long token;
  private final CountDownLatch settled = new CountDownLatch(1);
  private volatile Durability fate = Durability.LOST;
  private volatile @Nullable RuntimeException failure;

  private RunWrite(long run, long token) {
    this.run = run;
    this.token = token;
  }

  final void settle(Durability known) {
    fate = known;
    settled.countDown();
    afterwards(known);
  }

  final void fail(RuntimeException why) {
    failure = why;
    settled.countDown();
    afterwards(Durability.LOST);
  }

  /** Runs on the thread of the writer once the fate is known. */
  void afterwards(Durability known) {}

  final Durability await() throws InterruptedException {
    settled.await();
    RuntimeException why = failure;
    if (why != null) {
      throw why;
    }
    return fate;
  }

  /** The result of a step. */
  static final class Step extends RunWrite {
    final StepRecord record;

    Step(long run, long token, StepRecord record) {
      super(run, token);
      this.record = record;
    }
  }

  /** A line of the log, or another event of the handler. */
  static final class Event extends RunWrite {
    final String type;
    final @Nullable String step;
    final @Nullable String message;
    final @Nullable String data;

    Event(
        long run,
        long token,
        String type,
        @Nullable String step,
        @Nullable String message,
        @Nullable String data) {
      super(run, token);
      this.type = type;
      this.step = step;
      this.message = message;
      this.data = data;
    }
  }

  /** The progress of a run. */
  static final class Progress extends RunWrite {
    final long done;
    final long total;
    final String message;

    Progress(long run, long token, long done, long total, String message) {
      super(run, token);
      this.done = done;
      this.total = total;
      this.message = message;
    }
  }

  /**
   * The end of a claim.
   *
   * @see RunOutcome
   */
  static final class End extends RunWrite {
    final RunOutcome outcome;
    private final Runnable then;

    End(long run, long token, RunOutcome outcome, Runnable then) {
      super(run, token);
      this.outcome = outcome;
      this.then = then;
    }

    @Override
    void afterwards(Durability known) {
      then.run();
    }
  }

  /** A step as it is stored; a step of another kind than STEP may still wait. */
  record StepRecord(
      int number,
      String name,
      StepKind kind,
      boolean finished,
      @Nullable String type,
      @Nullable String output,
      @Nullable Duration wake) {}

  /** The kinds of steps. */
  enum StepKind {
    STEP,
    ITEMS,
    SLEEP,
    SIGNAL,
    TRIGGER
  }
}
