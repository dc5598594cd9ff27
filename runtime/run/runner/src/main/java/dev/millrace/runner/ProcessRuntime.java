package dev.millrace.runner;

import dev.millrace.config.Config;
import dev.millrace.jobs.JobClient;
import dev.millrace.jobs.JobRegistry;
import dev.millrace.jobs.JobSettings;
import dev.millrace.loaders.MillraceException;
import dev.millrace.pipeline.Indexer;
import dev.millrace.postgres.client.DatabaseSettings;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Workers of jobs as the main task of a process, alone or beside an indexer. The process ends when
 * its indexer does: runs that are pending then wait for the next worker.
 */
public final class ProcessRuntime implements ServiceRuntime {
  private static final Logger log = LoggerFactory.getLogger(ProcessRuntime.class);
  private static final Duration PERIOD = Duration.ofSeconds(1);

  /** Limit of the wait of a stop for a start, unless the config has one. */
  private static final Duration MAX_START = Duration.ofSeconds(20);

  private final Config config;
  private final Optional<IndexerRuntime> indexer;
  private final JobRuntime jobs;
  private final CountDownLatch over = new CountDownLatch(1);

  /** Held during a start; close() waits for it. */
  private final ReentrantLock starting = new ReentrantLock();

  /** The first failure of a worker. */
  private final BlockingQueue<MillraceException> failure = new ArrayBlockingQueue<>(1);

  private volatile @Nullable StatusServer server;
  private volatile boolean started;
  private volatile boolean stopping;
  private volatile boolean closed;

  private ProcessRuntime(Config config, Optional<IndexerRuntime> indexer, JobRegistry jobs) {
    this.config = config;
    this.indexer = indexer;
    this.jobs = new JobRuntime(config, jobs);
  }

  /** Creates a process of workers alone; opens nothing before {@link #start}. */
  public static ProcessRuntime of(Config config, JobRegistry jobs) {
    return new ProcessRuntime(config, Optional.empty(), jobs);
  }

  /** Creates a process of an indexer and workers; opens nothing before {@link #start}. */
  public static ProcessRuntime of(Indexer indexer, Config config, JobRegistry jobs) {
    // One HTTP server answers for both.
    IndexerRuntime runtime = IndexerRuntime.of(indexer, config.withHttpPort(OptionalInt.empty()));
    return new ProcessRuntime(config, Optional.of(runtime), jobs);
  }

  /** Returns the settings of the jobs that a config asks for, for a {@link JobClient}. */
  public static JobSettings jobSettings(Config config, DatabaseSettings database) {
    return JobRuntime.settings(config, database);
  }

  @Override
  public Config config() {
    return config;
  }

  @Override
  public void start() {
    starting.lock();
    try {
      jobs.check();
      OptionalInt port = config.httpPort();
      if (port.isPresent()) {
        StatusServer opened =
            StatusServer.open(
                config.http().host(),
                port.getAsInt(),
                new StatusServer.StatusReports(this::status, jobs::queues));
        server = opened;
        log.info("{}: answers over HTTP: port={}", config.name(), opened.port());
      }
      jobs.start();
      indexer.ifPresent(IndexerRuntime::start);
      started = true;
    } catch (Throwable failed) {
      closeIfCut();
      closeAll();
      throw failed;
    } finally {
      starting.unlock();
    }
    if (closeIfCut()) {
      return;
    }
    log.info("{}: works on jobs: workers={}", config.name(), config.jobs().workers());
    SupervisorThread.start("jobs-watch", this::watch);
  }

  /** Closes what a start has opened after a stop that did not wait for it; false without one. */
  private boolean closeIfCut() {
    boolean isCut = closed;
    if (isCut) {
      jobs.close();
      closeServer();
    }
    return isCut;
  }

  /** Waits for the indexer, or for a worker that cannot go on. */
  private void watch() {
    Thread watcher =
        indexer.map(runtime -> SupervisorThread.start("end", this::awaitIndexer)).orElse(null);
    try {
      while (!over.await(PERIOD.toMillis(), TimeUnit.MILLISECONDS)) {
        Optional<MillraceException> failed = jobs.failure();
        if (failed.isPresent() && !stopping) {
          failure.offer(failed.get());
          over.countDown();
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      if (watcher != null) {
        watcher.interrupt();
      }
    }
  }

  private void awaitIndexer() {
    try {
      indexer.orElseThrow().await();
      over.countDown();
    } catch (InterruptedException _) {
      log.debug("wait for the indexer was interrupted");
    }
  }

  @Override
  public IndexerStatus await() throws InterruptedException {
    over.await();
    close();
    return status();
  }

  @Override
  public IndexerStatus status() {
    Optional<IndexerStatus.Workers> workers = Optional.of(jobs.status());
    Optional<IndexerStatus.Failure> failed =
        failure()
            .map(reason ->
                new IndexerStatus.Failure(String.valueOf(reason.getMessage()), reason.remedy()));
    if (indexer.isPresent()) {
      IndexerStatus known = indexer.get().status();
      return new IndexerStatus(
          known.name(),
          failed.isPresent() ? failedState() : known.state(),
          failed,
          known.waitingFor(),
          known.lanes(),
          workers);
    }
    return new IndexerStatus(
        config.name(),
        failed.isPresent() ? failedState() : state(),
        failed,
        started ? "" : "the database",
        List.of(),
        workers);
  }

  private IndexerStatus.State failedState() {
    return closed ? IndexerStatus.State.FAILED : IndexerStatus.State.DRAINING;
  }

  private IndexerStatus.State state() {
    if (closed) {
      return IndexerStatus.State.DONE;
    }
    return stopping
        ? IndexerStatus.State.DRAINING
        : started ? IndexerStatus.State.RUNNING : IndexerStatus.State.STARTING;
  }

  @Override
  public Optional<MillraceException> failure() {
    return indexer.flatMap(IndexerRuntime::failure).or(() -> Optional.ofNullable(failure.peek()));
  }

  @Override
  public boolean isIncomplete() {
    return jobs.isIncomplete() || indexer.map(IndexerRuntime::isIncomplete).orElse(false);
  }

  /** Drains the indexer and the workers at the same time. */
  @Override
  public void close() {
    stopping = true;
    // First, because it ends a start that waits for nodes.
    Thread draining =
        SupervisorThread.start("drain-indexer", () -> indexer.ifPresent(IndexerRuntime::close));
    // A start may hang in a database that is silent: then it is cut, as by the indexer's drain.
    boolean hasStartEnded = awaitStart(config.jobs().drain().orElse(MAX_START));
    try {
      closeAll();
      draining.join();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      if (hasStartEnded) {
        starting.unlock();
      }
    }
  }

  private boolean awaitStart(Duration time) {
    try {
      return starting.tryLock(time.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private synchronized void closeAll() {
    if (!closed) {
      jobs.close();
      indexer.ifPresent(IndexerRuntime::close);
      closeServer();
      closed = true;
      over.countDown();
    }
  }

  private synchronized void closeServer() {
    Optional.ofNullable(server).ifPresent(StatusServer::close);
    server = null;
  }
}
