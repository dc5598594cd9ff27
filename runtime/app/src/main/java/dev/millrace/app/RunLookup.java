package dev.millrace.app;

import dev.millrace.config.SpellingSuggestion;
import dev.millrace.jobs.Job;
import dev.millrace.jobs.JobClient;
import dev.millrace.jobs.JobRegistry;
import dev.millrace.jobs.JobStatus;
import dev.millrace.jobs.Run;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.util.List;

/** Finds the jobs and runs that a command line names. */
final class RunLookup {
  private RunLookup() {}

  static Run require(JobClient client, long run) {
    return client
        .find(run)
        .orElseThrow(() ->
            new MillraceException(
                Remedy.FIX_SETUP,
                "there is no such run, `millrace jobs list` shows the latest: run=" + run));
  }

  static Job<?, ?> require(JobRegistry jobs, String name) {
    List<String> known = jobs.jobs().stream().map(Job::name).sorted().toList();
    return jobs.find(name)
        .orElseThrow(() ->
            new MillraceException(
                Remedy.FIX_SETUP,
                "no such job: name=%s known=%s%s"
                    .formatted(
                        name,
                        known.isEmpty() ? "none" : String.join(",", known),
                        SpellingSuggestion.nearest(name, known)
                            .map(near -> " (did you mean " + near + "?)")
                            .orElse(""))));
  }

  /** True if no live worker would claim a pending run. */
  static boolean isUnserved(JobClient client, Run run) {
    for (JobStatus.Unserved unserved : client.status().unserved()) {
      if (unserved.job().equals(run.job()) && unserved.queue().equals(run.queue())) {
        return true;
      }
    }
    return false;
  }
}
