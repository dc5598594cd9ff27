package dev.millrace.source;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random definitions, chains, endpoints and restarts, compared with the chain itself. {@code
 * -Dmillrace.seeds=N} runs N seeds, {@code -Dmillrace.from=S} begins at another seed, {@code
 * -Dmillrace.seed=S} runs one.
 */
final class SourceSimulationTest {
  private static final int SIDE_BY_SIDE = 2;

  @TempDir Path scratch;

  @Test
  @Tag("G1")
  @Timeout(value = 30, unit = TimeUnit.DAYS)
  @DisplayName("G1 every seed delivers the events of the oracle")
  void seeds_deliverTheEventsOfTheOracle() throws Exception {
    long one = Long.getLong("millrace.seed", -1);
    long from = one >= 0 ? one : Long.getLong("millrace.from", 1);
    long count = one >= 0 ? 1 : Long.getLong("millrace.seeds", 2_000);
    ConcurrentLinkedQueue<AssertionError> failures = new ConcurrentLinkedQueue<>();
    AtomicLong done = new AtomicLong();
    try (ExecutorService workers = Executors.newFixedThreadPool(SIDE_BY_SIDE)) {
      List<Future<?>> runs = new ArrayList<>();
      for (int worker = 0; worker < SIDE_BY_SIDE; worker++) {
        long first = from + worker;
        runs.add(
            workers.submit(() -> {
              for (long seed = first;
                  seed < from + count && failures.isEmpty();
                  seed += SIDE_BY_SIDE) {
                try {
                  SourceSimulation.check(seed, WorldLimits.ALL, scratch);
                } catch (AssertionError failed) {
                  failures.add(failed);
                }
                done.incrementAndGet();
              }
              return true;
            }));
      }
      for (Future<?> run : runs) {
        run.get();
      }
    }
    if (!failures.isEmpty()) {
      throw failures.element();
    }
    assertThat(done.get()).isEqualTo(count);
  }
}
