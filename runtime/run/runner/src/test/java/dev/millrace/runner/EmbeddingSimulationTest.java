package dev.millrace.runner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.simulation.MemoryStore;
import dev.millrace.simulation.ThreadStackDump;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Programs that embed runtimes, over stores in memory. {@code -Dmillrace.embedding.seeds=N} runs N
 * of them, {@code -Dmillrace.from=S} begins at another seed, {@code -Dmillrace.seed=S} runs one.
 */
final class EmbeddingSimulationTest {
  @TempDir Path directory;

  @Test
  @Tag("H3")
  @Timeout(value = 30, unit = TimeUnit.DAYS)
  @DisplayName("H3 every seed of calls in any order leaves a part of the serial result, and ends")
  void seeds_endInOrderForAnyCalls() throws Exception {
    long one = Long.getLong("millrace.seed", -1);
    long from = one >= 0 ? one : Long.getLong("millrace.from", 1);
    long count = one >= 0 ? 1 : Long.getLong("millrace.embedding.seeds", 100);
    for (long seed = from; seed < from + count; seed++) {
      Map<String, MemoryStore> stores = new ConcurrentHashMap<>();
      new EmbeddingSimulation(
              seed,
              directory,
              (indexer, failpoint) ->
                  stores
                      .computeIfAbsent(indexer.name(), _ -> new MemoryStore(indexer.entities()))
                      .opened(failpoint))
          .run();
    }
    // One thread watches the deadlines of all connections of a process, from the first one on.
    assertThat(ThreadStackDump.of("millrace-"))
        .as("threads that are left")
        .allMatch(thread -> thread.contains("\"millrace-deadlines\""))
        .hasSizeLessThanOrEqualTo(1);
  }
}
