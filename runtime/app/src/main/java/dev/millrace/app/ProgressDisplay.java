package dev.millrace.app;

import dev.millrace.runner.IndexerStatus;
import java.io.PrintStream;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Shows the progress of a run: a redrawn line on a terminal, a line every few seconds in a log. */
final class ProgressDisplay implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ProgressDisplay.class);
  private static final Duration FRAME = Duration.ofMillis(200);
  private static final Duration SUMMARY = Duration.ofSeconds(5);

  private final Supplier<IndexerStatus> status;
  private final CliEnvironment shell;
  private final LongSupplier nanos;
  private final ProgressLine line = new ProgressLine(); // confined to the progress thread
  private final CountDownLatch over = new CountDownLatch(1);
  private final Thread thread;

  ProgressDisplay(Supplier<IndexerStatus> status, CliEnvironment shell, LongSupplier nanos) {
    this.status = status;
    this.shell = shell;
    this.nanos = nanos;
    this.thread = Thread.ofPlatform().name("millrace-progress").daemon().unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  private void run() {
    try {
      if (shell.isLive()) {
        draw();
      } else {
        summarise();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  @SuppressWarnings("ReferenceEquality") // the same stream, not an equal one
  private void draw() throws InterruptedException {
    TerminalLiveLine live = new TerminalLiveLine(shell.err());
    PrintStream before = System.err;
    boolean shared = before == shell.err();
    if (shared) {
      System.setErr(live.above());
    }
    try {
      do {
        IndexerStatus now = observe();
        // The last column stays free: some terminals wrap the line as soon as it is filled.
        int columns = shell.columns().get().orElse(80) - 1;
        live.show(line.render(now, columns, shell.hasColours()));
      } while (!over.await(FRAME.toMillis(), TimeUnit.MILLISECONDS));
    } finally {
      live.clear();
      if (shared) {
        System.setErr(before);
      }
    }
  }

  private void summarise() throws InterruptedException {
    observe();
    String last = "";
    while (!over.await(SUMMARY.toMillis(), TimeUnit.MILLISECONDS)) {
      IndexerStatus now = observe();
      String summary = line.summary(now);
      // Workers may be idle for days.
      if (!ProgressLine.hasWorkersOnly(now) || !summary.equals(last)) {
        log.info("{}: {}", now.name(), summary);
      }
      last = summary;
    }
  }

  private IndexerStatus observe() {
    IndexerStatus now = status.get();
    line.observe(nanos.getAsLong(), now);
    return now;
  }

  /** Erases the line. Idempotent. */
  @Override
  public void close() {
    over.countDown();
    try {
      thread.join(Duration.ofSeconds(2));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
