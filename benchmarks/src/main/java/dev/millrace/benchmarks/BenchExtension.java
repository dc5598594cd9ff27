package dev.millrace.benchmarks;

import dev.millrace.app.Extension;
import dev.millrace.app.Shell;
import java.util.List;

/** Adds {@code bench} to the command. */
public final class BenchExtension implements Extension {
  @Override
  public List<Object> commands(Shell shell) {
    return List.of(new BenchCommand(shell, Sizes.SHORT, Sizes.FULL));
  }
}
