package dev.millrace.app;

import dev.millrace.pipeline.Indexer;
import java.util.List;

/**
 * What another module adds to the {@code millrace} command. Found through {@link
 * java.util.ServiceLoader}, because this module may not know those above it.
 */
public interface Extension {
  /**
   * Commands: objects that picocli understands, each a {@code Callable<Integer>} whose answer is an
   * {@link ExitCode}.
   */
  default List<Object> commands(Shell shell) {
    return List.of();
  }

  /** Indexers that {@code millrace run NAME} knows by their names. */
  default List<Indexer> indexers() {
    return List.of();
  }
}
