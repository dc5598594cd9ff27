package dev.millrace.app;

import dev.millrace.config.Config;
import dev.millrace.jobs.JobClient;
import dev.millrace.jobs.Run;
import dev.millrace.jobs.RunState;
import dev.millrace.runner.ExitCode;
import java.io.PrintStream;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Prints the latest runs. */
@Command(
    name = "list",
    mixinStandardHelpOptions = true,
    description = "Lists the latest runs, the newest first.")
final class JobsListCommand extends JobsSubcommand {
  @Option(names = "--job", paramLabel = "NAME", description = "Only runs of this job.")
  private @Nullable String job;

  @Option(
      names = "--state",
      paramLabel = "STATE",
      description = "Only runs in this state: ${COMPLETION-CANDIDATES}.")
  private @Nullable RunState state;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "20",
      description = "So many at the most. Default: ${DEFAULT-VALUE}.")
  private int limit;

  JobsListCommand(CliEnvironment shell) {
    super(shell);
  }

  @Override
  int run(JobClient client, Config config) {
    List<Run> runs = client.list(job, state, Math.max(1, limit));
    PrintStream out = shell().out();
    if (runs.isEmpty()) {
      shell().err().println("millrace: no such runs");
      return ExitCode.DONE;
    }
    String row = "%-8s %-20s %-10s %-20s %8s  %s%n";
    out.printf(row, "run", "job", "state", "created", "took", "");
    for (Run run : runs) {
      out.printf(
          row,
          run.id(),
          run.job(),
          run.state(),
          run.createdAt().truncatedTo(ChronoUnit.SECONDS),
          RunText.took(run),
          RunText.remark(run));
    }
    return ExitCode.DONE;
  }
}
