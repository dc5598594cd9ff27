package dev.millrace.app;

import dev.millrace.source.RangeLogAudit;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Shows how far an audit is, on the last line of a terminal, and the reason once it waits: there,
 * or as a line of its own where no terminal is.
 */
final class AuditProgress implements AutoCloseable {
  /** Time without progress after which a reason is shown: shorter waits are part of the work. */
  private static final Duration SILENT = Duration.ofSeconds(3);

  private static final Duration LOOK = Duration.ofSeconds(1);

  /** Time between two lines where no terminal is: endpoints may fail in turns. */
  private static final Duration SUMMARY = Duration.ofSeconds(30);

  private final CliEnvironment shell;
  private final TerminalLiveLine live;
  private final Supplier<String> waitingFor;
  private final LongSupplier nanos;
  private final CountDownLatch over = new CountDownLatch(1);
  private final Thread thread;
  private String progress = "audit"; // @GuardedBy this
  private long advanced; // @GuardedBy this
  private long nextSummary; // @GuardedBy this

  /**
   * @param waitingFor the reason why the audit waits; empty if it does not
   */
  AuditProgress(CliEnvironment shell, Supplier<String> waitingFor, LongSupplier nanos) {
    this.shell = shell;
    this.live = new TerminalLiveLine(shell.err());
    this.waitingFor = waitingFor;
    this.nanos = nanos;
    this.advanced = nanos.getAsLong();
    this.nextSummary = advanced;
    this.thread = Thread.ofPlatform().name("millrace-audit-progress").daemon().unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  private void run() {
    try {
      while (!over.await(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
        look();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** Shows what has been checked up to block {@code to}. */
  synchronized void advance(RangeLogAudit.Proof so, long to) {
    advanced = nanos.getAsLong();
    progress =
        "audit  block %s of %s  %d findings"
            .formatted(ProgressLine.count(so.to()), ProgressLine.count(to), so.findings().size());
    if (shell.isLive()) {
      live.show(progress);
    }
  }

  /** Shows the reason of a wait that has lasted for a while. */
  synchronized void look() {
    String reason = waitingFor.get();
    long now = nanos.getAsLong();
    if (reason.isEmpty() || now - advanced < SILENT.toNanos()) {
      return;
    }
    String line = progress + "  waiting for " + reason;
    if (shell.isLive()) {
      // The last column stays free: some terminals wrap the line as soon as it is filled.
      int room = shell.columns().get().orElse(80) - 1;
      live.show(line.length() <= room ? line : line.substring(0, Math.max(0, room - 1)) + "…");
    } else if (now - nextSummary >= 0) {
      nextSummary = now + SUMMARY.toNanos();
      shell.err().println(line);
    }
  }

  /** Erases the line. Idempotent. */
  @Override
  public void close() {
    over.countDown();
    try {
      if (thread.isAlive()) {
        thread.join(Duration.ofSeconds(2));
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    live.clear();
  }
}
