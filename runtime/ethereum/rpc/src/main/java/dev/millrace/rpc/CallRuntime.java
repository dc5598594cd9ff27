package dev.millrace.rpc;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.locks.Condition;

/**
 * Time, randomness and threads for calls to nodes. A simulation supplies its own, so that an hour
 * of backoff takes no time and a seed repeats.
 */
public interface CallRuntime {
  /** Returns the monotonic time of all pauses. */
  long nanos();

  /**
   * Waits for a signal; the caller holds its lock. Returns the time left, as {@link
   * Condition#awaitNanos} does.
   */
  long await(Condition signal, long nanos) throws InterruptedException;

  /** Sleeps. */
  void pause(long nanos) throws InterruptedException;

  /** Returns a random number from 0 up to a bound. */
  long chance(long bound);

  /** Creates an executor for tasks that wait; the caller closes it. */
  ExecutorService threads(String name);
}
