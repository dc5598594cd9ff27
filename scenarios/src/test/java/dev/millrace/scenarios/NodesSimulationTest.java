package dev.millrace.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Realistic handlers over nodes of a chain that forks. {@code -Dmillrace.nodes.seeds=N} runs N
 * seeds, {@code -Dmillrace.from=S} begins at another one, {@code -Dmillrace.seed=S} runs one.
 */
@Timeout(3_600)
final class NodesSimulationTest {
  /** Most of the time a lane waits for nodes that limit it. */
  private static final int SIDE_BY_SIDE = 8;

  @TempDir private Path directory;

  @Test
  @Tag("H9")
  @DisplayName("H9 every seed leaves the tables that the chain itself gives")
  void seeds_leaveTheTablesOfTheChain() throws Exception {
    long one = Long.getLong("millrace.seed", -1);
    long from = one >= 0 ? one : Long.getLong("millrace.from", 1);
    long count = one >= 0 ? 1 : Long.getLong("millrace.nodes.seeds", 24);
    AtomicLong rewinds = new AtomicLong();
    try (ExecutorService workers = Executors.newFixedThreadPool(SIDE_BY_SIDE)) {
      List<Future<?>> runs = new ArrayList<>();
      for (long seed = from; seed < from + count; seed++) {
        NodesSimulation simulation = new NodesSimulation(seed, directory);
        runs.add(
            workers.submit(() -> {
              simulation.run();
              return rewinds.addAndGet(simulation.rewinds());
            }));
      }
      for (Future<?> run : runs) {
        run.get();
      }
    }

    assertThat(one >= 0 || rewinds.get() > 0).as("some lane has rewound").isTrue();
  }
}
