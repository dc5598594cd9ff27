package dev.millrace.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.benchmarks.BenchmarkRunner.Part;
import dev.millrace.servers.EmbeddedClickHouse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The parts of {@code bench} that need a database or JVMs of their own, as small as they can be.
 */
@Timeout(300)
final class BenchmarkRunnerIT {
  private static final BenchmarkSizes TINY =
      new BenchmarkSizes(
          1,
          Duration.ofMillis(10),
          5,
          Duration.ofMillis(2),
          40,
          Duration.ofMillis(5),
          Duration.ofMillis(50),
          List.of(0, 2),
          List.of(1000, 4000),
          List.of(2000),
          2000,
          2000,
          2000);

  @TempDir private Path directory;

  @Test
  void erc20_isMeasuredAtEveryDepthBesideItsFloors() throws Exception {
    List<BenchmarkMeasure> measures = measure(Part.ERC20);

    assertThat(measures.stream().map(BenchmarkMeasure::name))
        .contains(
            "erc20 1,000 events depth=0",
            "erc20 4,000 events depth=2",
            "erc20 4,000 events speed-up depth=2",
            "erc20 4,000 events heap peak",
            "floor 4,000 events, copy of final rows",
            "floor 4,000 events, made and decoded",
            "erc20 cost per event, 4,000 / 1,000");
    assertThat(measures).allMatch(measure -> measure.value() >= 0);
  }

  @Test
  void copy_isMeasuredInAJvmOfItsOwn() throws Exception {
    assertThat(measure(Part.COPY))
        .extracting(BenchmarkMeasure::name)
        .containsExactly("copy encoding of a row, transfer", "copy encoding of a row, account");
  }

  @Test
  void rpc_isMeasuredColdWarmAndLate() throws Exception {
    List<BenchmarkMeasure> measures = measure(Part.RPC);

    assertThat(measures)
        .extracting(BenchmarkMeasure::name)
        .contains(
            "rpc 2,000 events cold",
            "rpc 2,000 events warm",
            "rpc 2,000 events 50 ms latency",
            "rpc 2,000 events cpu of the node");
    assertThat(measures)
        .filteredOn(measure -> measure.unit().equals("events/s"))
        .allMatch(measure -> measure.value() > 0);
  }

  @Test
  void transport_isMeasuredBesideTheJdks() throws Exception {
    assertThat(measure(Part.TRANSPORT))
        .hasSize(24)
        .filteredOn(measure -> measure.unit().equals("calls/s"))
        .hasSize(12)
        .allMatch(measure -> measure.value() > 0);
  }

  @Test
  void jobs_areMeasuredBesideOthers() throws Exception {
    assertThat(measure(Part.JOBS))
        .extracting(BenchmarkMeasure::name)
        .containsExactly(
            "jobs millrace",
            "jobs db-scheduler",
            "jobs jobrunr",
            "jobs millrace / db-scheduler",
            "jobs millrace, 2,000 pending / none",
            "jobs millrace, trigger to start");
  }

  @Test
  void mirror_isMeasuredBesidePostgresAlone() throws Exception {
    Optional<String> missing = EmbeddedClickHouse.missing();
    if (missing.isPresent()) {
      System.err.println("LEFT OUT: the part mirror of bench: " + missing.get());
      return;
    }
    List<BenchmarkMeasure> measures = measure(Part.MIRROR);

    assertThat(measures)
        .extracting(measure -> measure.name() + ", " + measure.unit())
        .contains(
            "mirror 2,000 events off, events/s",
            "mirror 2,000 events every version, x off",
            "mirror 2,000 events latest, x off",
            "mirror 2,000 events every version cpu of clickhouse, us/event",
            "mirror 2,000 events latest mirror stage, us/event");
    assertThat(measures)
        .filteredOn(
            measure -> !measure.unit().equals("us/event")) // a tick of the CPU's clock is 10 ms
        .hasSize(5)
        .allMatch(measure -> measure.value() > 0);
  }

  private List<BenchmarkMeasure> measure(Part part) throws Exception {
    return new BenchmarkRunner(TINY, directory, _ -> {}).run(EnumSet.of(part)).measures();
  }
}
