package dev.millrace.app;

import dev.millrace.config.Config;
import dev.millrace.jobs.JobClient;
import dev.millrace.jobs.JobStatus;
import dev.millrace.runner.ConfiguredDatabase;
import dev.millrace.runner.ProcessRuntime;
import java.io.PrintStream;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/** Prints the queues and the workers of jobs. */
final class JobStatusTable {
  private final PrintStream out;

  JobStatusTable(CliEnvironment shell) {
    this.out = shell.out();
  }

  /** Prints the tables; returns false if no job was ever triggered there. */
  boolean print(Config config, ConfiguredDatabase database) {
    Optional<JobClient> client =
        JobClient.openExisting(ProcessRuntime.jobSettings(config, database.settings()));
    if (client.isEmpty()) {
      return false;
    }
    try (JobClient asked = client.get()) {
      print(asked.status());
    }
    return true;
  }

  private void print(JobStatus status) {
    String row = "%-20s %10s %10s %10s %12s  %s%n";
    out.println();
    out.printf(row, "queue of jobs", "ready", "waiting", "running", "failed in 1d", "oldest ready");
    for (JobStatus.Queue queue : status.queues()) {
      out.printf(
          row,
          queue.name(),
          ProgressLine.count(queue.ready()),
          ProgressLine.count(queue.waiting()),
          ProgressLine.count(queue.running()),
          ProgressLine.count(queue.failed()),
          queue.ready() == 0 ? "-" : ProgressLine.duration(queue.oldestReady()));
    }
    if (status.queues().isEmpty()) {
      out.println("none has runs");
    }
    out.println();
    if (status.workers().isEmpty()) {
      out.println("no worker lives; start one by: millrace work");
    } else {
      out.printf("%-30s %10s  %s%n", "worker", "running", "since");
    }
    for (JobStatus.Worker worker : status.workers()) {
      out.printf(
          "%-30s %10s  %s%n",
          worker.name(),
          ProgressLine.count(worker.running()),
          worker.startedAt().truncatedTo(ChronoUnit.SECONDS));
    }
    for (JobStatus.Unserved runs : status.unserved()) {
      out.printf(
          "%nNo worker serves job %s in queue %s, and these runs wait for one: %s%n",
          runs.job(), runs.queue(), ProgressLine.count(runs.runs()));
    }
  }
}
