package dev.millrace.rpc;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.locks.Condition;

/**
 * Time, chance and threads, as calls to nodes take them from the machine. A simulation brings its
 * own, so that an hour of backoff costs it nothing and a seed repeats.
 */
public interface CallRuntime {
  /** The clock of all pauses. */
  long nanos();

  /**
   * Waits for a signal; its lock is held. Returns what is left of the time, as the Condition does.
   */
  long await(Condition signal, long nanos) throws InterruptedException;

  /** Waits, and nothing else. */
  void pause(long nanos) throws InterruptedException;

  /** A number from 0 up to a bound. */
  long chance(long bound);

  /** Threads for tasks that wait; closed by the caller. */
  ExecutorService threads(String name);
}
