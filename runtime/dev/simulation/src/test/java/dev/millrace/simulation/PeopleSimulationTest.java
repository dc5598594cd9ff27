package dev.millrace.simulation;

import static org.assertj.core.api.Assertions.assertThat;

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

/**
 * Programs with the habits of real handlers against the oracle. {@code -Dmillrace.people.seeds=N}
 * runs N of them, {@code -Dmillrace.from=S} begins at another seed, {@code -Dmillrace.seed=S} runs
 * one.
 */
final class PeopleSimulationTest {
  private static final int SIDE_BY_SIDE = 4;

  @Test
  @Tag("H1")
  @Timeout(value = 30, unit = TimeUnit.DAYS)
  @DisplayName("H1 every seed leaves the rows of the oracle or names the event that is to blame")
  void seeds_leaveTheOraclesRowsOrNameTheEvent() throws Exception {
    long one = Long.getLong("millrace.seed", -1);
    long from = one >= 0 ? one : Long.getLong("millrace.from", 1);
    long count = one >= 0 ? 1 : Long.getLong("millrace.people.seeds", 800);
    AtomicLong next = new AtomicLong(from);
    ConcurrentLinkedQueue<AssertionError> failures = new ConcurrentLinkedQueue<>();
    try (ExecutorService workers = Executors.newFixedThreadPool(SIDE_BY_SIDE)) {
      List<Future<?>> runs = new ArrayList<>();
      for (int worker = 0; worker < SIDE_BY_SIDE; worker++) {
        runs.add(
            workers.submit(() -> {
              long seed = next.getAndIncrement();
              while (seed < from + count && failures.isEmpty()) {
                check(seed, failures);
                seed = next.getAndIncrement();
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
    assertThat(ThreadStackDump.of("millrace-")).as("threads that are left").isEmpty();
  }

  private static void check(long seed, ConcurrentLinkedQueue<AssertionError> failures)
      throws Exception {
    try {
      PeopleSimulation.check(seed);
    } catch (AssertionError failed) {
      failures.add(failed);
    }
  }
}
