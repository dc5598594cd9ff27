package dev.millrace.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Classes, tests, metrics and warnings that the documents cite exist. */
final class DocsTest {
  private static final Path ROOT = Path.of("../../..").toAbsolutePath().normalize();

  /**
   * A class in code quotes, perhaps with a member: {@code `Lane`}, {@code `LaneTest.lane_reads`}.
   */
  private static final Pattern CITED = Pattern.compile("`([A-Z][a-z]\\w+)(?:\\.([a-z]\\w+))?`");

  private static final Set<String> OUTSIDE =
      Set.of(
          "SleepingWaitStrategy",
          "Done",
          "Disruptor",
          "List",
          "Map",
          "HashMap",
          "BigInteger",
          "BigDecimal",
          "Instant",
          "String",
          "Bool",
          "Int32",
          "Int64",
          "Int256",
          "Float64",
          "TimeoutException",
          "IllegalArgumentException",
          "MergeTree",
          "ReplacingMergeTree");

  @Test
  void docs_nameOnlyWhatExists() throws IOException {
    Set<String> sources = sources();
    Set<String> missing = new TreeSet<>();
    int cited = 0;
    for (Path page : pages()) {
      Matcher citation = CITED.matcher(Files.readString(page));
      while (citation.find()) {
        cited++;
        if (!exists(sources, citation.group(1), citation.group(2))) {
          missing.add(page.getFileName() + ": " + citation.group());
        }
      }
    }
    assertThat(cited).isGreaterThan(20);
    assertThat(missing).isEmpty();
  }

  @Test
  void operations_nameTheMetricsThatAreThere() throws IOException {
    String page = Files.readString(ROOT.resolve("docs/operations.md"));
    String metrics =
        Files.readString(
            ROOT.resolve(
                "runtime/serve/http/src/main/java/dev/millrace/http/PrometheusMetrics.java"));

    Set<String> exported =
        all(Pattern.compile("\"(millrace\\.[a-z.]+)\""), metrics).stream()
            .map(name -> name.replace('.', '_'))
            .collect(Collectors.toSet());
    assertThat(all(Pattern.compile("`(millrace_[a-z_]+)`"), page))
        .hasSizeGreaterThan(15)
        .isEqualTo(exported);
  }

  @Test
  void operations_nameTheWarningsThatAreThere() throws IOException {
    String page = Files.readString(ROOT.resolve("docs/operations.md"));
    String table = page.substring(page.indexOf("## Warnings"), page.indexOf("## Upgrading"));
    StringBuilder code = new StringBuilder();
    for (String source : sources()) {
      if (source.contains("/src/main/")) {
        code.append(Files.readString(Path.of(source)));
      }
    }
    String joined = code.toString().replaceAll("\"\\s*\\+\\s*\"", "");

    assertThat(all(Pattern.compile("(?m)^\\| `([^`]+)` \\|"), table))
        .hasSizeGreaterThan(10)
        .allSatisfy(warning -> assertThat(joined.contains(warning)).as(warning).isTrue());
  }

  private static Set<String> all(Pattern pattern, String text) {
    return pattern.matcher(text).results().map(found -> found.group(1)).collect(Collectors.toSet());
  }

  private static boolean exists(Set<String> sources, String type, String member)
      throws IOException {
    if (OUTSIDE.contains(type)) {
      return true;
    }
    for (String source : sources) {
      if (source.endsWith("/" + type + ".java")) {
        return member == null || Files.readString(Path.of(source)).contains(member);
      }
    }
    return false;
  }

  private static Set<String> sources() throws IOException {
    try (Stream<Path> all = Files.walk(ROOT)) {
      return all.map(Path::toString)
          .filter(path -> path.contains("/src/") && path.endsWith(".java"))
          .collect(Collectors.toSet());
    }
  }

  private static Set<Path> pages() throws IOException {
    try (Stream<Path> all = Files.walk(ROOT.resolve("docs"))) {
      return all.filter(path -> path.toString().endsWith(".md")).collect(Collectors.toSet());
    }
  }
}
