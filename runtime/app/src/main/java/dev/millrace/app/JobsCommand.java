package dev.millrace.app;

import dev.millrace.jobs.JobRegistry;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The commands that look at runs of jobs, and change them. */
@Command(
    name = "jobs",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    description = "Triggers runs of jobs, and shows, cancels and retries them.")
final class JobsCommand implements Runnable {
  @CommandLine.Spec private CommandLine.Model.@Nullable CommandSpec spec;

  private JobsCommand() {}

  static CommandLine with(CliEnvironment shell, JobRegistry jobs) {
    return new CommandLine(new JobsCommand())
        .addSubcommand(new JobsListCommand(shell))
        .addSubcommand(new JobsRunCommand(shell, jobs))
        .addSubcommand(new JobsShowCommand(shell))
        .addSubcommand(new JobsLogsCommand(shell))
        .addSubcommand(new JobsCancelCommand(shell))
        .addSubcommand(new JobsRetryCommand(shell))
        .addSubcommand(new JobsScheduleCommand(shell))
        .addSubcommand(new JobsPurgeCommand(shell));
  }

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        Objects.requireNonNull(spec).commandLine(), "which command?");
  }
}
