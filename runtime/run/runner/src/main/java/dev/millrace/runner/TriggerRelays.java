package dev.millrace.runner;

import dev.millrace.jobs.EventRuns;
import dev.millrace.jobs.JobSettings;
import dev.millrace.loaders.MillraceException;
import dev.millrace.pipeline.Indexer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The relays of the lanes of this process, on one thread. It sends nothing to the database while
 * the lanes commit nothing.
 */
public final class TriggerRelays implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(TriggerRelays.class);

  /** A look at the lanes costs no statement. */
  private static final Duration LOOK = Duration.ofMillis(50);

  private static final Duration PAUSE_AFTER_FAILURE = Duration.ofSeconds(1);
  private static final Duration MAX_CLOSE = Duration.ofSeconds(3);

  private final EventRuns runs;
  private final List<TriggerRelay> relays = new ArrayList<>();
  private final Supplier<?> progress;
  private final AutoCloseable database;
  private final CountDownLatch closing = new CountDownLatch(1);
  private volatile @Nullable Thread thread;
  private volatile String doubt = "";

  /**
   * Opens the tables of jobs, in the database of the indexer.
   *
   * @param progress a value that differs after every commit and rewind of a lane
   * @param database is closed with the relays
   */
  TriggerRelays(
      JobSettings settings,
      Indexer indexer,
      List<String> lanes,
      Supplier<?> progress,
      AutoCloseable database) {
    this.runs = EventRuns.open(settings, indexer.jobs());
    this.progress = progress;
    this.database = database;
    lanes.forEach(lane -> relays.add(new TriggerRelay(indexer.name(), lane, runs)));
  }

  TriggerRelays start() {
    thread = SupervisorThread.start("relay", this::run);
    return this;
  }

  /** The reason why triggers wait that are due; empty if none do, or without relays. Any thread. */
  static List<String> doubts(@Nullable TriggerRelays relays) {
    return relays == null || relays.doubt.isEmpty() ? List.of() : List.of(relays.doubt);
  }

  private void run() {
    Object relayed = null;
    boolean isLast;
    do {
      isLast = closing.getCount() == 0;
      Object now = progress.get();
      if (isLast || !now.equals(relayed)) {
        relayed = relay() ? now : null;
      }
    } while (!isLast && pause(doubt.isEmpty() ? LOOK : PAUSE_AFTER_FAILURE));
  }

  /** One lane after another: triggers of one that cannot be relayed hold up no other lane. */
  private boolean relay() {
    String found = "";
    for (TriggerRelay relay : relays) {
      try {
        relay.relay();
      } catch (MillraceException failed) {
        found = found.isEmpty() ? doubt(String.valueOf(failed.getMessage()), null) : found;
      } catch (RuntimeException | Error failed) {
        // Of a function that merges inputs, or full memory: a thread that ended would say nothing.
        found = found.isEmpty() ? doubt(failed.toString(), failed) : found;
      }
    }
    doubt = found;
    return found.isEmpty();
  }

  private String doubt(String reason, @Nullable Throwable failed) {
    if (doubt.isEmpty()) {
      log.warn("triggers wait, they cannot be relayed: reason=\"{}\"", reason, failed);
    }
    return "triggers wait, they cannot be relayed: " + reason;
  }

  private boolean pause(Duration time) {
    try {
      closing.await(time.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (InterruptedException _) {
      return false;
    }
  }

  /** Relays everything that is due, for as long as it takes and succeeds. */
  void drain() throws InterruptedException {
    closing.countDown();
    Thread started = thread;
    while (started != null && !started.join(LOOK)) {
      if (!doubt.isEmpty()) {
        return;
      }
    }
  }

  /** Relays what is due once more, and ends. What is left is relayed by the next process. */
  @Override
  public void close() {
    closing.countDown();
    Thread started = thread;
    try {
      if (started != null && !started.join(MAX_CLOSE)) {
        log.warn("triggers were not relayed in time, the next start goes on");
        started.interrupt();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    runs.close();
    try {
      database.close();
    } catch (Exception failed) {
      log.debug("database of the relay could not be closed", failed);
    }
  }
}
