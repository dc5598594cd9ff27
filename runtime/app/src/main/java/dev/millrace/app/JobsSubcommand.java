package dev.millrace.app;

import dev.millrace.config.Config;
import dev.millrace.jobs.JobClient;
import dev.millrace.jobs.JobSettings;
import dev.millrace.runner.ConfiguredDatabase;
import dev.millrace.runner.ExitCode;
import dev.millrace.runner.ProcessRuntime;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;

/** A command over the runs of the database that the config names. */
abstract class JobsSubcommand implements Callable<Integer> {
  private final CliEnvironment shell;

  @Mixin private final CommonOptions options = new CommonOptions();

  JobsSubcommand(CliEnvironment shell) {
    this.shell = shell;
  }

  /** Runs the command and returns the exit code. */
  abstract int run(JobClient client, Config config) throws InterruptedException;

  /** Refuses what the options alone show to be wrong, before a database is opened. */
  void check() {}

  /** True if the command makes the tables where they are missing. */
  boolean createsTables() {
    return false;
  }

  /** Values that no run stores, beside those of the config. */
  List<String> secrets() {
    return List.of();
  }

  @Override
  public final Integer call() throws InterruptedException {
    check();
    Config config = options.require(shell);
    if (!createsTables() && !ConfiguredDatabase.mayHoldRows(config)) {
      return nothingYet(config);
    }
    try (ConfiguredDatabase database = ConfiguredDatabase.open(config)) {
      JobSettings settings =
          ProcessRuntime.jobSettings(config, database.settings()).withSecrets(secrets());
      Optional<JobClient> found =
          createsTables()
              ? Optional.of(JobClient.open(settings))
              : JobClient.openExisting(settings);
      if (found.isEmpty()) {
        return nothingYet(config);
      }
      try (JobClient client = found.get()) {
        return run(client, config);
      }
    }
  }

  private int nothingYet(Config config) {
    shell
        .err()
        .println(
            "millrace: no job was ever triggered there: name=%s postgres=%s"
                .formatted(config.name(), config.postgres()));
    return ExitCode.MISUSE;
  }

  final CliEnvironment shell() {
    return shell;
  }
}
