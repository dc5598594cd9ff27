package dev.millrace.jobs;

import java.sql.Connection;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The calls that a handler makes on its run. Confined to the thread of the handler, except {@link
 * #progress} and {@link #log}.
 *
 * <p>A handler may run several times: after a crash, a failed attempt, or a wait. Each named call
 * stores its result once, and returns it again when the handler comes by once more. So everything
 * with an effect belongs into a step, and the order of the steps must follow from the input and the
 * results of earlier steps alone. A name is used once in a run.
 *
 * <p>A wait unwinds the handler with an {@link Error} that is not to be caught.
 */
public interface JobContext {
  /** The id of the run. */
  long runId();

  /** The event of an indexer that has triggered this run; empty if none has. */
  Optional<EventOrigin> origin();

  /** The number of this attempt, from one. Waits and lost workers do not count. */
  int attempt();

  /** Runs the body unless its result is stored, and stores the result. */
  <T extends @Nullable Object> T step(String name, Callable<T> body) throws Exception;

  /** The body of a step without a result. */
  @FunctionalInterface
  interface Action {
    void run() throws Exception;
  }

  /** Runs the body unless it is known to have run. */
  void step(String name, Action body) throws Exception;

  /** The body of a step that writes to the database of the jobs. */
  @FunctionalInterface
  interface TransactionBody<T extends @Nullable Object> {
    T run(Connection connection) throws Exception;
  }

  /**
   * Runs the body as a step whose result is stored in the body's own transaction, so that what it
   * writes counts exactly once through any crash. Name the schema of your tables, and leave commit
   * and rollback to the step.
   */
  <T extends @Nullable Object> T transaction(String name, TransactionBody<T> body) throws Exception;

  /**
   * Runs the body as a step on a platform thread of the compute pool, for work that keeps a core
   * busy. Interrupts it at the deadline.
   */
  <T extends @Nullable Object> T compute(String name, Duration deadline, Callable<T> body)
      throws Exception;

  /** Runs another job for each input and waits for all of these runs, without a thread. */
  <I, O> Items<O> forEach(String name, Collection<I> inputs, Job<I, O> job);

  /**
   * Runs another job for each element and waits for all of these runs, without a thread.
   *
   * @param key names the item in what has failed; unique among the elements
   */
  <T, I, O> Items<O> forEach(
      String name,
      Collection<T> elements,
      Function<? super T, String> key,
      Function<? super T, I> input,
      Job<I, O> job);

  /** Triggers another run, once. */
  <I> TriggeredRun trigger(String name, Job<I, ?> job, I input, TriggerOptions options);

  /** Waits without a thread. */
  void sleep(String name, Duration time);

  /** Waits for a signal without a thread; empty after the time-out. */
  <T> Optional<T> awaitSignal(String name, Class<T> type, Duration timeout);

  /** Sets the progress of the run; writes once a second at the most. */
  void progress(long done, long total, String message);

  /** Adds a line to the log of the run. */
  void log(String message);

  /** Writes the rows of a chunk; the connection commits after it. */
  @FunctionalInterface
  interface ChunkWriter<T> {
    void write(Connection connection, List<T> chunk) throws Exception;
  }

  /**
   * Writes rows in chunks, each in a transaction of its own, and yields between them. A chunk that
   * meets a lock, a deadlock or a serialization failure is written again; {@link #contended} counts
   * it.
   */
  <T> void writeInChunks(DataSource database, List<T> rows, int size, ChunkWriter<T> writer)
      throws Exception;

  /**
   * Calls the body, and again after pauses while it meets contention: a lock wait, a deadlock, a
   * serialization failure, too many parts. The run's summary counts retries and pauses by resource.
   */
  <T extends @Nullable Object> T contended(String resource, Callable<T> body) throws Exception;

  /** True once the cancel of the run was asked. The handler is also interrupted. */
  boolean isCancelAsked();
}
