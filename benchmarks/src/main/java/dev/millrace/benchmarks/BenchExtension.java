package dev.millrace.benchmarks;

import dev.millrace.app.CliEnvironment;
import dev.millrace.app.CommandExtension;
import java.util.List;

/** Adds {@code bench} to the command. */
public final class BenchExtension implements CommandExtension {
  @Override
  public List<Object> commands(CliEnvironment shell) {
    return List.of(new BenchCommand(shell, BenchmarkSizes.SHORT, BenchmarkSizes.FULL));
  }
}
