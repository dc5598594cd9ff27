package dev.millrace.jobs;

import dev.millrace.loaders.MillraceException;
import dev.millrace.postgres.client.PostgresConnections;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what handlers have to store, many writes in one transaction: a handler waits for the
 * transaction that takes its write, as a batch waits for its commit.
 *
 * <p>A write that the database refuses fails alone: the others of its transaction are sent again
 * without it.
 */
final class RunWriter implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RunWriter.class);
  private static final int MAX_WRITES = 2_000;
  private static final Duration MAX_CLOSE = Duration.ofSeconds(5);

  private final LinkedBlockingQueue<RunWrite> queue = new LinkedBlockingQueue<>();
  private final JobTransactions transactions;
  private final Thread thread;
  private volatile boolean closed;

  /** Written by the writer's thread at its end; read by threads that submit. */
  private volatile boolean ended;

  /**
   * Starts the writer of a worker.
   *
   * @param lost ends retries: the claims of the session are lost
   */
  RunWriter(PostgresConnections connections, String name, BooleanSupplier lost) {
    this.transactions = JobTransactions.dedicated(connections, "writes of runs", lost);
    this.thread = Thread.ofPlatform().daemon().name("millrace-jobs-write-" + name).start(this::run);
  }

  /** Queues a write; one that comes after the end of the writer is lost, as its claim is. */
  void submit(RunWrite write) {
    queue.add(write);
    if (ended) {
      loseQueued();
    }
  }

  private void loseQueued() {
    for (RunWrite left = queue.poll(); left != null; left = queue.poll()) {
      left.settle(RunWrite.Durability.LOST);
    }
  }

  private void run() {
    List<RunWrite> writes = new ArrayList<>();
    try {
      while (!closed || !queue.isEmpty()) {
        RunWrite first = queue.poll(1, TimeUnit.SECONDS);
        if (first != null) {
          writes.add(first);
          queue.drainTo(writes, MAX_WRITES - 1);
          write(writes);
          writes.clear();
        }
      }
    } catch (InterruptedException _) {
      LOG.debug("writer of runs was interrupted");
    } finally {
      closed = true;
      writes.forEach(write -> write.settle(RunWrite.Durability.LOST));
      ended = true; // first, so that a write that comes now is lost by one of both
      loseQueued();
      transactions.close();
    }
  }

  private void write(List<RunWrite> writes) {
    try {
      settle(transactions.run(connection -> RunWriteStatements.write(connection, writes)));
    } catch (MillraceException failed) {
      if (writes.size() == 1) {
        writes.getFirst().fail(failed);
        return;
      }
      // One of them is refused: find it.
      writes.forEach(write -> write(List.of(write)));
    }
  }

  private static void settle(List<RunWriteStatements.Settled> settled) {
    settled.forEach(one -> one.write().settle(one.fate()));
  }

  /** Writes what is queued, then ends; gives up after a limit. */
  @Override
  public void close() {
    closed = true;
    try {
      if (!thread.join(MAX_CLOSE)) {
        transactions.close();
        thread.interrupt();
      }
    } catch (InterruptedException _) {
      transactions.close();
      thread.interrupt();
      Thread.currentThread().interrupt();
    }
  }
}
