package dev.millrace.app;

import dev.millrace.pipeline.Indexer;
import dev.millrace.runner.ExitCode;
import dev.millrace.runner.IndexerRuntime;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Runs an indexer as a process of its own. */
public final class Millrace {
  private Millrace() {}

  /**
   * Runs an indexer that has been built already. If the caller builds it in the argument, a mistake
   * in its definition is an exception of {@code main}.
   */
  public static void run(Indexer indexer, String... args) {
    run(() -> indexer, args);
  }

  /**
   * Runs an indexer as the whole {@code main}, as in {@code Millrace.run(Erc20::indexer, args)}:
   * takes the arguments of {@code millrace run} (or any other command by its name) and ends the JVM
   * with an {@link ExitCode}. The definition is read in here, so that its mistakes are reported
   * like those of a config. Inside another application use {@link IndexerRuntime}.
   */
  public static void run(Supplier<? extends Indexer> definition, String... args) {
    Main.end(shell -> {
      Indexer indexer = definition.get();
      List<CommandExtension> extensions = new ArrayList<>(Main.extensions());
      extensions.addFirst(new Own(indexer));
      return new CommandLineRunner(shell, extensions).execute(indexer, args);
    });
  }

  private record Own(Indexer indexer) implements CommandExtension {
    @Override
    public List<Indexer> indexers() {
      return List.of(indexer);
    }
  }
}
