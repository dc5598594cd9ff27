package dev.millrace.scenarios;

import dev.millrace.app.CliEnvironment;
import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainHead;
import dev.millrace.pipeline.TimingSummary;
import dev.millrace.runner.IndexerRuntime;
import dev.millrace.runner.IndexerStatus;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The changes to the chain of a demo while it is indexed: once the indexer has caught up, some
 * blocks come, some are replaced, some more come, and the demo ends.
 */
final class DemoChainScript {
  private static final long LOOK_NANOS = 1_000_000;
  private static final int BLOCKS = 5;
  private static final int REPLACED = 7;
  private static final int OTHERS = 9;

  /** A shorter chain lacks the blocks to replace. */
  static final int MIN_BLOCKS = REPLACED;

  private final DevChain chain;
  private final IndexerRuntime runtime;
  private final CliEnvironment shell;
  private volatile @Nullable Course course;
  private volatile @Nullable RuntimeException failure;

  /**
   * The measured course of a play.
   *
   * @param backfill the pace up to the head
   * @param undoing the time taken to undo the replaced blocks
   * @param catchingUp the time from then on until the new branch was durable
   */
  record Course(
      TimingSummary backfill,
      long shared,
      long replaced,
      long came,
      Duration undoing,
      Duration catchingUp) {}

  private DemoChainScript(DevChain chain, IndexerRuntime runtime, CliEnvironment shell) {
    this.chain = chain;
    this.runtime = runtime;
    this.shell = shell;
  }

  static DemoChainScript start(DevChain chain, IndexerRuntime runtime, CliEnvironment shell) {
    DemoChainScript play = new DemoChainScript(chain, runtime, shell);
    Thread.ofVirtual().name("millrace-demo").start(play::run);
    return play;
  }

  /**
   * Returns the course; empty if the indexer ended before the play did.
   *
   * @throws RuntimeException the failure of the play itself
   */
  Optional<Course> course() {
    RuntimeException failed = failure;
    if (failed != null) {
      throw failed;
    }
    return Optional.ofNullable(course);
  }

  /**
   * Closes the indexer on a failure: it follows its chain for ever, so no one else would end it.
   */
  private void run() {
    try {
      play();
    } catch (RuntimeException failed) {
      failure = failed;
      runtime.close();
    }
  }

  private void play() {
    if (!awaitDurable()) {
      return;
    }
    TimingSummary backfill = lane(runtime.status()).timings();
    report("caught up; the chain goes on");
    if (!grow()) {
      return;
    }
    DevChainHead before = chain.fork(REPLACED, OTHERS);
    long shared = before.shared(chain.tip());
    report(
        "the %d blocks above %,d were replaced by %d others".formatted(REPLACED, shared, OTHERS));
    long begin = System.nanoTime();
    if (!awaitDurable()) {
      return;
    }
    Duration whole = Duration.ofNanos(System.nanoTime() - begin);
    Duration undoing = lane(runtime.status()).rewinds().undoing();
    if (grow()) {
      course = new Course(backfill, shared, REPLACED, OTHERS, undoing, whole.minus(undoing));
      runtime.close();
    }
  }

  private boolean grow() {
    for (int block = 0; block < BLOCKS; block++) {
      chain.advance(1);
      if (!awaitDurable()) {
        return false;
      }
    }
    return true;
  }

  private boolean awaitDurable() {
    long head = chain.head();
    return await(status -> lane(status).committed().block().orElse(-1) >= head);
  }

  /** Waits for a lane of this process; false if the run ends before that. */
  private boolean await(Predicate<IndexerStatus> condition) {
    while (true) {
      IndexerStatus status = runtime.status();
      if (status.isOver()) {
        return false;
      }
      if (!status.lanes().isEmpty() && condition.test(status)) {
        return true;
      }
      LockSupport.parkNanos(LOOK_NANOS);
    }
  }

  private static IndexerStatus.Lane lane(IndexerStatus status) {
    return status.lanes().getFirst();
  }

  private void report(String news) {
    shell.err().printf(Locale.ROOT, "millrace: demo: block %,d: %s%n", chain.head(), news);
  }
}
