package dev.millrace.app;

import dev.millrace.pipeline.Indexer;
import java.util.ArrayList;
import java.util.List;

/** Runs an indexer as a process of its own. */
public final class Millrace {
  private Millrace() {}

  /**
   * The whole {@code main} of an indexer: takes the arguments of {@code millrace run} (or any other
   * command by its name) and ends the JVM with an {@link ExitCode}. Inside another application use
   * {@link IndexerRuntime}.
   */
  public static void run(Indexer indexer, String... args) {
    List<Extension> extensions = new ArrayList<>(Main.extensions());
    extensions.addFirst(new Own(indexer));
    Logging.configure();
    System.exit(new Commands(Shell.ofProcess(), extensions).execute(indexer, args));
  }

  private record Own(Indexer indexer) implements Extension {
    @Override
    public List<Indexer> indexers() {
      return List.of(indexer);
    }
  }
}
