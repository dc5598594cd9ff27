package dev.millrace.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The pipeline's promises about time. Both stages wait instead of computing, so that a busy machine
 * delays all depths alike.
 */
@Timeout(120)
final class PipelineIT {
  private static final BenchmarkSizes SIZES =
      new BenchmarkSizes(
          3,
          Duration.ofMillis(10),
          40,
          Duration.ofMillis(20),
          100,
          Duration.ofMillis(50),
          Duration.ofSeconds(10),
          List.of(0, 1, 8),
          List.of(1000),
          List.of(1000),
          2000,
          2000,
          2000);

  @Test
  void overlap_hidesCommitsBehindHandlersOfEqualLength() throws Exception {
    Map<String, Double> measured = byName(OverlapBenchmark.waitingHandlers(SIZES));

    assertThat(measured.get("overlap depth=1")).isGreaterThanOrEqualTo(1.8);
    assertThat(measured.get("overlap depth=8")).isGreaterThanOrEqualTo(1.8);
  }

  @Test
  void groups_shareLongCommitsOfCheapHandlers() throws Exception {
    assertThat(byName(OverlapBenchmark.groups(SIZES)).get("group commit depth=64"))
        .isGreaterThanOrEqualTo(10);
  }

  @Test
  @Tag("A23")
  @DisplayName("A23 a stage that waits for ten seconds uses less than 2 % of a core")
  void waiting_costsNextToNothing() throws Exception {
    assertThat(byName(WaitingCostBenchmark.measure(SIZES)).values())
        .allMatch(percent -> percent < 2);
  }

  private static Map<String, Double> byName(List<BenchmarkMeasure> measures) {
    return measures.stream()
        .collect(Collectors.toMap(BenchmarkMeasure::name, BenchmarkMeasure::value));
  }
}
