package dev.millrace.app;

import dev.millrace.jobs.JobRegistry;
import dev.millrace.pipeline.Indexer;
import dev.millrace.runner.ExitCode;
import java.util.List;

/**
 * Commands, indexers and jobs that another module adds to the {@code millrace} command. Found
 * through {@link java.util.ServiceLoader}, because this module must not depend on those above it.
 */
public interface CommandExtension {
  /**
   * Returns commands: picocli command objects, each a {@code Callable<Integer>} that returns an
   * {@link ExitCode}.
   */
  default List<Object> commands(CliEnvironment shell) {
    return List.of();
  }

  /** Returns indexers that {@code millrace run NAME} finds by their names. */
  default List<Indexer> indexers() {
    return List.of();
  }

  /** Returns jobs that {@code millrace run}, {@code work} and {@code jobs} know. */
  default JobRegistry jobs() {
    return JobRegistry.empty();
  }
}
