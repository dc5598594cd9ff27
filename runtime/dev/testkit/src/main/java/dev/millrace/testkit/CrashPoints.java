package dev.millrace.testkit;

import dev.millrace.jobs.Job;
import dev.millrace.jobs.JobContext;
import dev.millrace.jobs.JobHandler;
import dev.millrace.jobs.JobWorker;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** The steps at which the worker of a test dies, and the bodies that have run. Any thread. */
final class CrashPoints {
  private final List<Point> points = new ArrayList<>(); // @GuardedBy this
  private final Map<Long, List<String>> executed = new HashMap<>(); // @GuardedBy this
  private @Nullable JobWorker worker; // @GuardedBy this
  private @Nullable Thread ending; // @GuardedBy this

  /** The moments of a step. */
  enum Moment {
    BEFORE,
    IN,
    AFTER
  }

  private record Point(Moment moment, String step) {}

  /** Unwinds the handler of a process that is dead. */
  static final class ProcessCrash extends Error {
    private static final long serialVersionUID = 1L;

    ProcessCrash(String step) {
      super("process crashes at a step: step=" + step, null, false, false);
    }
  }

  synchronized void add(Moment moment, String step) {
    points.add(new Point(moment, step));
  }

  synchronized void begin(JobWorker started) {
    worker = started;
    ending = null;
  }

  /** Returns the job with a handler that meets the crash points. */
  <I, O> Job<I, O> watch(Job<I, O> job) {
    JobHandler<I, O> handler =
        job.handler()
            .orElseThrow(
                () -> new IllegalArgumentException("job has no handler: job=" + job.name()));
    return job.handler((input, context) -> handler.run(input, watch(context)));
  }

  private JobContext watch(JobContext context) {
    return new WatchedJobContext(context, this);
  }

  synchronized void note(long run, String step) {
    executed.computeIfAbsent(run, _ -> new ArrayList<>()).add(step);
  }

  synchronized List<String> executed(long run) {
    return List.copyOf(executed.getOrDefault(run, List.of()));
  }

  synchronized boolean isCrashed() {
    return ending != null;
  }

  /** Kills the worker if a crash is due here. */
  void meet(Moment moment, String step) {
    if (isDue(new Point(moment, step))) {
      // The handler writes nothing once it was interrupted, which comes with the loss of the
      // session.
      while (!Thread.currentThread().isInterrupted()) {
        LockSupport.parkNanos(1_000_000);
      }
      throw new ProcessCrash(step);
    }
  }

  private synchronized boolean isDue(Point point) {
    JobWorker dying = worker;
    if (dying == null || ending != null || !points.remove(point)) {
      return false;
    }
    // A thread of its own: the end of the worker waits for threads that wait for this one.
    ending = Thread.ofPlatform().daemon().name("millrace-test-crash").start(dying::abandon);
    return true;
  }

  /** Waits for the end of a worker that has crashed; false if none has. */
  boolean awaitEnd() {
    Thread dying;
    synchronized (this) {
      dying = ending;
    }
    if (dying == null) {
      return false;
    }
    try {
      dying.join();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("test was interrupted");
    }
    return true;
  }
}
