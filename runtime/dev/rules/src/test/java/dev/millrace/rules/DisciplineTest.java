package dev.millrace.rules;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.lang.ArchRule;
import java.time.Duration;
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

  static Stream<String> modules() {
    return Modules.all().keySet().stream();
  }
}
