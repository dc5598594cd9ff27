package dev.millrace.app;

import dev.millrace.config.Config;
import dev.millrace.jobs.JobClient;
import dev.millrace.jobs.ScheduleState;
import dev.millrace.runner.ExitCode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;

/** Prints the schedules with their next ticks. */
@Command(
    name = "schedule",
    mixinStandardHelpOptions = true,
    description = "Lists the schedules that workers have registered, with their next ticks.")
final class JobsScheduleCommand extends JobsSubcommand {
  private static final Instant NEVER = Instant.parse("9999-01-01T00:00:00Z");

  JobsScheduleCommand(CliEnvironment shell) {
    super(shell);
  }

  @Override
  int run(JobClient client, Config config) {
    List<ScheduleState> schedules = client.schedules();
    if (schedules.isEmpty()) {
      shell().err().println("millrace: no worker has registered a schedule");
      return ExitCode.DONE;
    }
    String row = "%-20s %-20s %-20s %-20s %-7s %s%n";
    shell().out().printf(row, "schedule", "job", "cron", "zone", "missed", "next");
    for (ScheduleState schedule : schedules) {
      shell()
          .out()
          .printf(
              row,
              schedule.name(),
              schedule.job(),
              schedule.cron(),
              schedule.zone(),
              schedule.missed().toLowerCase(Locale.ROOT),
              schedule.next().isAfter(NEVER)
                  ? "never"
                  : schedule.next().truncatedTo(ChronoUnit.SECONDS));
    }
    return ExitCode.DONE;
  }
}
