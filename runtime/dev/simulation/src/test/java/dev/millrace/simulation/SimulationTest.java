package dev.millrace.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Random programs, chains, settings and faults against the oracle, over stores in memory. {@code
 * -Dmillrace.seeds=N} and {@code -Dmillrace.mirror.seeds=N} run N of them without and with a
 * mirror, {@code -Dmillrace.from=S} begins at another seed, {@code -Dmillrace.seed=S} runs one.
 */
final class SimulationTest {
  private static final int SIDE_BY_SIDE = 4;

  @Test
  @Tag("A18")
  @Tag("B15")
  @Tag("D1")
  @Tag("E5")
  @Tag("E6")
  @Tag("E7")
  @Tag("E8")
  @Timeout(value = 30, unit = TimeUnit.DAYS)
  @DisplayName("A18 B15 D1 E5 E6 E7 E8 every seed leaves the tables of the oracle")
  void seeds_leaveTheTablesOfTheOracle() throws Exception {
    run("millrace.seeds", 2_000, false);
  }

  @Test
  @Tag("K1")
  @Tag("K2")
  @Tag("K3")
  @Tag("K5")
  @Tag("K6")
  @Tag("K7")
  @Tag("K9")
  @Tag("K10")
  @Tag("K11")
  @Tag("K12")
  @Tag("K13")
  @Timeout(value = 30, unit = TimeUnit.DAYS)
  @DisplayName("K1–K3 K5–K7 K9–K13 every seed leaves both stores equal to the oracle's history")
  void seeds_leaveBothStoresEqual() throws Exception {
    run("millrace.mirror.seeds", 500, true);
  }

  private static void run(String many, long defaults, boolean mirrored) throws Exception {
    long one = Long.getLong("millrace.seed", -1);
    long from = one >= 0 ? one : Long.getLong("millrace.from", 1);
    long count = one >= 0 ? 1 : Long.getLong(many, defaults);
    ConcurrentLinkedQueue<AssertionError> failures = new ConcurrentLinkedQueue<>();
    AtomicInteger done = new AtomicInteger();
    AtomicLong rewinds = new AtomicLong();
    try (ExecutorService workers = Executors.newFixedThreadPool(SIDE_BY_SIDE)) {
      List<Future<?>> runs = new ArrayList<>();
      for (int worker = 0; worker < SIDE_BY_SIDE; worker++) {
        long first = from + worker;
        runs.add(
            workers.submit(() -> {
              for (long seed = first; seed < from + count; seed += SIDE_BY_SIDE) {
                rewinds.addAndGet(run(seed, mirrored, failures));
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
    assertThat((long) done.get()).isEqualTo(count);
    assertThat(rewinds.get()).as("rewinds").isGreaterThanOrEqualTo(one >= 0 ? 0 : count / 2);
  }

  private static long run(
      long seed, boolean mirrored, ConcurrentLinkedQueue<AssertionError> failures)
      throws Exception {
    if (!failures.isEmpty()) {
      return 0;
    }
    try {
      return Simulation.check(seed, mirrored);
    } catch (AssertionError failed) {
      failures.add(failed);
      return 0;
    }
  }
}
