package dev.millrace.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@code docs/behaviours.md} and the tags of the tests name the same cases. */
final class BehavioursTest {
  private static final Path ROOT = Path.of("../../..").toAbsolutePath().normalize();
  private static final Pattern CASE = Pattern.compile("(?m)^- ([A-Z]\\d+) ");
  private static final Pattern TAG = Pattern.compile("@Tag\\(\"([A-Z]\\d+)\"\\)");

  @Test
  void cases_areThoseThatTestsCarry() throws IOException {
    Set<String> listed = found(CASE, Files.readString(ROOT.resolve("docs/behaviours.md")));
    assertThat(listed).hasSizeGreaterThan(100);
    assertThat(tags()).isEqualTo(listed);
  }

  private static Set<String> tags() throws IOException {
    Set<String> tags = new TreeSet<>();
    try (Stream<Path> files = Files.walk(ROOT)) {
      for (Path source :
          files.filter(file -> file.toString().contains("/src/test/java/")).toList()) {
        if (source.toString().endsWith(".java")) {
          tags.addAll(found(TAG, Files.readString(source)));
        }
      }
    }
    return tags;
  }

  private static Set<String> found(Pattern pattern, String text) {
    return pattern
        .matcher(text)
        .results()
        .map(match -> match.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
