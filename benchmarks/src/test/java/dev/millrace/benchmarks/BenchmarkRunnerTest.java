package dev.millrace.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.app.CliEnvironment;
import dev.millrace.benchmarks.BenchmarkMeasure.Bound;
import dev.millrace.benchmarks.BenchmarkMeasure.Kind;
import dev.millrace.benchmarks.BenchmarkRunner.Part;
import dev.millrace.runner.ExitCode;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The output of the command, on sizes so small that their figures mean nothing. */
final class BenchmarkRunnerTest {
  private static final BenchmarkSizes TINY =
      new BenchmarkSizes(
          1,
          Duration.ofMillis(10),
          5,
          Duration.ofMillis(2),
          40,
          Duration.ofMillis(5),
          Duration.ofMillis(50),
          List.of(0, 1, 8),
          List.of(1000),
          List.of(1000),
          2000,
          2000,
          2000);

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  @TempDir private Path directory;

  @Test
  void bench_writesTheRowsOfItsTableAsJson() throws Exception {
    int code = bench("overlap", "groups", "--json", "rows.json");

    assertThat(code).isEqualTo(ExitCode.DONE);
    JsonNode rows = new ObjectMapper().readTree(Files.readAllBytes(directory.resolve("rows.json")));
    List<String> table = out.toString(StandardCharsets.UTF_8).lines().toList();
    assertThat(table).hasSize(rows.size() + 1);
    for (int i = 0; i < rows.size(); i++) {
      assertThat(rows.get(i).fieldNames())
          .toIterable()
          .containsExactly("name", "unit", "value", "bound");
      assertThat(table.get(i + 1)).startsWith(rows.get(i).get("name").asText() + " ");
    }
  }

  @Test
  void bench_comparesEveryDepthWithDepth0OfTheSameRun() throws Exception {
    bench("overlap", "--json", "rows.json");

    JsonNode rows = new ObjectMapper().readTree(Files.readAllBytes(directory.resolve("rows.json")));
    List<String> names =
        rows.findValuesAsText("name").stream()
            .filter(name -> name.startsWith("overlap depth="))
            .toList();
    assertThat(names).containsExactly("overlap depth=0", "overlap depth=1", "overlap depth=8");
    for (JsonNode row : rows) {
      if (row.get("name").asText().equals("overlap depth=0")) {
        assertThat(row.get("value").asDouble()).isEqualTo(1);
      }
    }
  }

  @Test
  void bench_refusesAPartItDoesNotKnow() {
    assertThat(bench("weather")).isEqualTo(ExitCode.MISUSE);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("weather", "overlap");
  }

  @Test
  void bench_saysThatItsRowsCannotBeWrittenBeforeItMeasures() {
    assertThat(bench("groups", "--json", "missing/rows.json")).isEqualTo(ExitCode.MISUSE);
    assertThat(bench("groups", "--json", "/dev")).isEqualTo(ExitCode.MISUSE);
    assertThat(err.toString(StandardCharsets.UTF_8).lines())
        .containsExactly(
            "rows cannot be written there: file=" + directory.resolve("missing/rows.json"),
            "rows cannot be written there: file=/dev");
    assertThat(out.size()).isZero();
  }

  @Test
  void groups_takeTheirRatioFromTheRatesBesideIt() throws Exception {
    BenchmarkReport report =
        new BenchmarkRunner(TINY, directory, _ -> {}).run(EnumSet.of(Part.GROUPS));

    assertThat(value(report, "group commit depth=64"))
        .isCloseTo(
            value(report, "group commit events/s depth=64")
                / value(report, "group commit events/s depth=0"),
            within(1e-6));
  }

  private static double value(BenchmarkReport report, String name) {
    return report.measures().stream()
        .filter(measure -> measure.name().equals(name))
        .mapToDouble(BenchmarkMeasure::value)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void table_alignsItsColumns() {
    BenchmarkReport report =
        new BenchmarkReport(
            List.of(
                new BenchmarkMeasure("find", "ns", 41.27, new Bound(Kind.AT_MOST, 60)),
                BenchmarkMeasure.of("events", "events/s", 1_234_567),
                new BenchmarkMeasure(
                    "overlap depth=1", "x depth 0", 1.9, new Bound(Kind.LIMIT, 2))));

    assertThat(report.table())
        .isEqualTo(
            """
            name                 value  unit          bound  reached
            find                  41.3  ns          <= 60.0     kept
            events           1,234,567  events/s
            overlap depth=1       1.90  x depth 0  max 2.00     95 %
            """);
  }

  private int bench(String... args) {
    CliEnvironment shell =
        new CliEnvironment(print(out), print(err), Map.of(), directory, OptionalInt::empty);
    CommandLine line = new CommandLine(new BenchCommand(shell, TINY, TINY));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setErr(new java.io.PrintWriter(print(err), true, StandardCharsets.UTF_8));
    return line.execute(args);
  }

  private static PrintStream print(ByteArrayOutputStream target) {
    return new PrintStream(target, true, StandardCharsets.UTF_8);
  }
}
