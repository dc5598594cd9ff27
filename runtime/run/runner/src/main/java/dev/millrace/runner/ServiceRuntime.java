package dev.millrace.runner;

import dev.millrace.config.Config;
import dev.millrace.loaders.MillraceException;
import java.util.Optional;

/** The main task of a process: started once, awaited, closed, and looked at by any thread. */
public interface ServiceRuntime extends AutoCloseable {
  Config config();

  /**
   * Starts the task, and returns while it goes on.
   *
   * @throws MillraceException if that is impossible; nothing is left open then
   */
  void start();

  /** Waits until the task has ended and returns the final status. */
  IndexerStatus await() throws InterruptedException;

  IndexerStatus status();

  /** Returns the first failure; empty if there is none. */
  Optional<MillraceException> failure();

  /** True if a stop had to leave behind what was not done by the deadline. */
  boolean isIncomplete();

  /** Stops the task and waits for its drain. Idempotent. */
  @Override
  void close();
}
