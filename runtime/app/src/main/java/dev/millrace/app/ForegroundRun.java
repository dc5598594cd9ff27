package dev.millrace.app;

import dev.millrace.config.Config;
import dev.millrace.loaders.MillraceException;
import dev.millrace.pipeline.Indexer;
import dev.millrace.runner.ExitCode;
import dev.millrace.runner.IndexerRuntime;
import dev.millrace.runner.IndexerStatus;
import dev.millrace.runner.ServiceRuntime;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a runtime as the main task of a process: shows its progress and obeys termination signals.
 */
public final class ForegroundRun {
  private static final Logger log = LoggerFactory.getLogger(ForegroundRun.class);

  private final ServiceRuntime runtime;
  private final CliEnvironment shell;
  private final ProgressDisplay progress;
  private final AtomicBoolean interrupted = new AtomicBoolean();

  private ForegroundRun(ServiceRuntime runtime, CliEnvironment shell) {
    this.runtime = runtime;
    this.shell = shell;
    this.progress = new ProgressDisplay(runtime::status, shell, System::nanoTime);
  }

  /**
   * Runs until the indexer ends and returns the {@link ExitCode}.
   *
   * @throws MillraceException if it could not even start
   */
  public static int run(Indexer indexer, Config config, CliEnvironment shell) {
    return run(IndexerRuntime.of(indexer, config), shell);
  }

  /**
   * Like {@link #run(Indexer, Config, CliEnvironment)}, for callers that read the runtime
   * afterwards.
   */
  public static int run(ServiceRuntime runtime, CliEnvironment shell) {
    return new ForegroundRun(runtime, shell).run();
  }

  private int run() {
    // On a signal the JVM runs its hooks and then exits with the signal's number; a hook that halts
    // makes a clean stop exit with 0.
    Thread hook = Thread.ofPlatform().name("millrace-stop").unstarted(this::stop);
    Runtime.getRuntime().addShutdownHook(hook);
    try (runtime;
        progress) {
      progress.start();
      runtime.start();
      runtime.await();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException failed) {
      if (interrupted.get()) {
        return ExitCode.DONE; // The hook cut the start short and reports the end.
      }
      throw failed;
    } finally {
      forget(hook);
    }
    return interrupted.get() ? ExitCode.DONE : conclude();
  }

  private static void forget(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException _) {
      // The JVM is shutting down already, and runs the hook.
    }
  }

  /** Prints how the run ended and returns the exit code. */
  private int conclude() {
    IndexerStatus status = runtime.status();
    Optional<MillraceException> failure = runtime.failure();
    ExitSummary.doubts(status).forEach(doubt -> shell.err().println("millrace: note: " + doubt));
    if (interrupted.get() && runtime.isIncomplete()) {
      shell
          .err()
          .println("millrace: " + ExitSummary.of(status, true) + " with what was not drained");
      return ExitCode.RESTART;
    }
    if (failure.isPresent()) {
      return ErrorReporter.reportKnown(failure.get(), shell, runtime.config().dataDir());
    }
    shell.err().println("millrace: " + ExitSummary.of(status, interrupted.get()));
    return ExitCode.DONE;
  }

  /** Runs when the process receives a termination signal. */
  private void stop() {
    interrupted.set(true);
    log.info("{}: stopping; what has run still becomes durable", runtime.config().name());
    runtime.close();
    progress.close();
    int code = conclude();
    shell.out().flush();
    shell.err().flush();
    Runtime.getRuntime().halt(code);
  }
}
