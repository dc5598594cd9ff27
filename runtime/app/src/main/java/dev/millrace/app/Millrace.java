package dev.millrace.app;

import dev.millrace.jobs.JobRegistry;
import dev.millrace.pipeline.Indexer;
import dev.millrace.runner.ExitCode;
import dev.millrace.runner.IndexerRuntime;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Runs an indexer, workers of jobs, or both, as a process of their own. */
public final class Millrace {
  private Millrace() {}

  /**
   * Runs an indexer that has been built already. If the caller builds it in the argument, a mistake
   * in its definition is an exception of {@code main}.
   */
  public static void run(Indexer indexer, String... args) {
    run(() -> indexer, args);
  }

  /**
   * Runs an indexer as the whole {@code main}, as in {@code Millrace.run(Erc20::indexer, args)}:
   * takes the arguments of {@code millrace run} (or any other command by its name) and ends the JVM
   * with an {@link ExitCode}. The definition is read in here, so that its mistakes are reported
   * like those of a config. Inside another application use {@link IndexerRuntime}.
   */
  public static void run(Supplier<? extends Indexer> definition, String... args) {
    run(definition, JobRegistry::empty, args);
  }

  /**
   * Runs an indexer and workers of its jobs, as in {@code Millrace.run(Erc20::indexer, Erc20::jobs,
   * args)}. Like {@link #run(Supplier, String...)} otherwise.
   */
  public static void run(
      Supplier<? extends Indexer> definition, Supplier<JobRegistry> jobs, String... args) {
    Main.end(shell -> {
      Indexer indexer = definition.get();
      return runner(shell, new Own(List.of(indexer), jobs.get())).execute(indexer, args);
    });
  }

  /**
   * Runs workers of jobs as the whole {@code main}, as in {@code Millrace.work(Imports::jobs,
   * args)}: takes the arguments of {@code millrace work} (or any other command by its name) and
   * ends the JVM with an {@link ExitCode}.
   */
  public static void work(Supplier<JobRegistry> jobs, String... args) {
    Main.end(shell -> runner(shell, new Own(List.of(), jobs.get())).executeWork(args));
  }

  private static CommandLineRunner runner(CliEnvironment shell, Own own) {
    List<CommandExtension> extensions = new ArrayList<>(Main.extensions());
    extensions.addFirst(own);
    return new CommandLineRunner(shell, extensions);
  }

  private record Own(List<Indexer> indexers, JobRegistry jobs) implements CommandExtension {}
}
