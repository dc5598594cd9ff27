package dev.millrace.app;

import dev.millrace.config.Config;
import dev.millrace.jobs.JobClient;
import dev.millrace.jobs.RunEvent;
import dev.millrace.runner.ExitCode;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Prints the events and the log of a run. */
@Command(
    name = "logs",
    mixinStandardHelpOptions = true,
    description = "Prints the events and the log of a run, each once and in order.")
final class JobsLogsCommand extends JobsSubcommand {
  private static final Duration PERIOD = Duration.ofMillis(200);

  @Parameters(paramLabel = "RUN", description = "The number of the run.")
  private long id;

  @Option(
      names = {"-f", "--follow"},
      description = "Goes on until the run has ended.")
  private boolean follow;

  JobsLogsCommand(CliEnvironment shell) {
    super(shell);
  }

  @Override
  int run(JobClient client, Config config) {
    RunLookup.require(client, id);
    long last = 0;
    while (true) {
      // Read first: what comes before the end of the run is printed as well.
      boolean ended = RunLookup.require(client, id).state().isFinal();
      List<RunEvent> events = client.events(id, last);
      for (RunEvent event : events) {
        shell().out().println(RunText.event(event));
        last = event.id();
      }
      if (events.isEmpty() && (ended || !follow)) {
        return ExitCode.DONE;
      }
      if (events.isEmpty()) {
        LockSupport.parkNanos(PERIOD.toNanos());
      }
    }
  }
}
