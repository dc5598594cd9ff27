package dev.millrace.rules;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.lang.ArchRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Rules for the code of all modules. Modules without tests are allowed; a module's code is never
 * empty.
 */
final class DisciplineTest {
  private static final long MAX_LINES = 400;

  private static final ArchRule NO_TEST_IS_SKIPPED =
      noClasses()
          .should()
          .dependOnClassesThat()
          .haveFullyQualifiedName("org.junit.jupiter.api.Disabled")
          .orShould()
          .dependOnClassesThat()
          .haveFullyQualifiedName("org.junit.jupiter.api.Assumptions")
          .orShould()
          .dependOnClassesThat()
          .resideInAPackage("org.junit.jupiter.api.condition..")
          .because("a test that does not run looks like one that passed")
          .allowEmptyShould(true);

  private static final ArchRule NOTHING_SLEEPS =
      noClasses()
          .should()
          .callMethod(Thread.class, "sleep", long.class)
          .orShould()
          .callMethod(Thread.class, "sleep", long.class, int.class)
          .orShould()
          .callMethod(Thread.class, "sleep", Duration.class)
          .orShould()
          .callMethod(TimeUnit.class, "sleep", long.class)
          .because(
              "a wait ends when what it waits for has happened, and a test chooses when that is")
          .allowEmptyShould(true);

  @ParameterizedTest
  @MethodSource("modules")
  void test_isNeverSkipped(String module) {
    NO_TEST_IS_SKIPPED.check(Modules.shipped(module));
    NO_TEST_IS_SKIPPED.check(Modules.tests(module));
  }

  @ParameterizedTest
  @MethodSource("modules")
  void code_neverSleeps(String module) {
    NOTHING_SLEEPS.check(Modules.shipped(module));
    NOTHING_SLEEPS.check(Modules.tests(module));
  }

  @Test
  void rules_obeyThemselves() {
    NO_TEST_IS_SKIPPED.check(Modules.tests("rules"));
    NOTHING_SLEEPS.check(Modules.tests("rules"));
  }

  @Test
  void file_hasAtMost400Lines() throws IOException {
    List<String> longer = new ArrayList<>();
    for (Path file : sources()) {
      try (Stream<String> lines = Files.lines(file)) {
        long count = lines.count();
        if (count > MAX_LINES) {
          longer.add("%s %d".formatted(Modules.ROOT.relativize(file), count));
        }
      }
    }
    assertThat(longer).as("files with more than %d lines", MAX_LINES).isEmpty();
  }

  private static List<Path> sources() throws IOException {
    try (Stream<Path> all = Files.walk(Modules.ROOT)) {
      List<Path> sources =
          all.filter(file -> file.toString().endsWith(".java"))
              .filter(file -> Modules.ROOT.relativize(file).toString().contains("src/"))
              .filter(file -> !Modules.ROOT.relativize(file).toString().contains("target/"))
              .toList();
      assertThat(sources).hasSizeGreaterThan(500);
      return sources;
    }
  }

  static Stream<String> modules() {
    return Modules.all().keySet().stream();
  }
}
