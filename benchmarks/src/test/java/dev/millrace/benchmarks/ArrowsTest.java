package dev.millrace.benchmarks;

import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.InstantSource;
import java.util.Date;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The allowed dependencies between modules, and the forbidden ones of a core. */
final class ArrowsTest {
  private static final Map<String, Set<String>> KNOWS =
      Map.ofEntries(
          entry("timeouts", Set.of()),
          entry("loaders", Set.of()),
          entry("pipeline", Set.of("loaders")),
          entry("abi", Set.of("loaders")),
          entry("evm", Set.of("abi", "pipeline", "loaders")),
          entry("wire", Set.of()),
          entry("rpc", Set.of("wire", "evm", "pipeline", "loaders")),
          entry("chain", Set.of("rpc", "evm", "pipeline", "loaders")),
          entry("postgres", Set.of("pipeline", "loaders")),
          entry("clickhouse", Set.of("pipeline", "loaders")),
          entry("chdb", Set.of()),
          entry("embedded", Set.of("chdb")),
          entry("devchain", Set.of("evm", "pipeline", "loaders")),
          entry("testkit", Set.of("abi", "devchain", "evm", "pipeline", "loaders")),
          entry("config", Set.of("abi", "evm", "pipeline", "loaders")),
          entry(
              "app",
              Set.of(
                  "config",
                  "abi",
                  "chain",
                  "rpc",
                  "evm",
                  "postgres",
                  "clickhouse",
                  "embedded",
                  "pipeline",
                  "loaders")),
          entry(
              "scenarios",
              Set.of(
                  "app",
                  "config",
                  "testkit",
                  "devchain",
                  "evm",
                  "postgres",
                  "clickhouse",
                  "embedded",
                  "pipeline",
                  "loaders")),
          entry(
              "benchmarks",
              Set.of(
                  "scenarios",
                  "app",
                  "config",
                  "testkit",
                  "devchain",
                  "evm",
                  "postgres",
                  "clickhouse",
                  "embedded",
                  "pipeline",
                  "loaders")));

  @Test
  void modules_areThoseWhoseArrowsAreDrawn() {
    assertThat(Modules.all()).containsOnlyKeys(KNOWS.keySet());
  }

  @ParameterizedTest
  @MethodSource("modules")
  void module_liesInOneFlatPackage(String module) {
    classes()
        .should()
        .resideInAPackage(packageOf(module))
        .because("a new package mixes concerns: split the module instead")
        .check(Modules.shipped(module));
  }

  @ParameterizedTest
  @MethodSource("modules")
  void module_knowsOnlyThoseBelowIt(String module) {
    String[] known =
        Stream.concat(Stream.of(module), KNOWS.getOrDefault(module, Set.of()).stream())
            .map(ArrowsTest::packageOf)
            .toArray(String[]::new);
    classes()
        .should()
        .onlyDependOnClassesThat(
            resideOutsideOfPackage("dev.millrace..").or(resideInAnyPackage(known)))
        .because("dependencies point down only, and siblings do not know each other")
        .check(Modules.shipped(module));
  }

  @Test
  void loaders_knowNothingButJava() {
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..",
            "org.jspecify.annotations..",
            "com.google.errorprone.annotations..",
            packageOf("loaders"))
        .check(Modules.shipped("loaders"));
  }

  @Test
  void pipeline_knowsNothingButItsRingAndALogger() {
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..",
            "org.jspecify.annotations..",
            "com.google.errorprone.annotations..",
            "com.lmax.disruptor..",
            "org.slf4j..",
            packageOf("loaders"),
            packageOf("pipeline"))
        .check(Modules.shipped("pipeline"));
  }

  @ParameterizedTest
  @MethodSource("cores")
  void core_speaksToNoDatabaseAndNoNetwork(String core) {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("java.sql..", "javax..", "java.net..", "java.nio.channels..")
        .because("a core has ports; an adapter speaks to the outside")
        .check(Modules.shipped(core));
  }

  @ParameterizedTest(name = "D8 {0} has no wall clock that could be an hour off")
  @MethodSource("clockless")
  @Tag("D8")
  void module_readsNoWallClock(String module) {
    noClasses()
        .should()
        .callMethodWhere(
            target(name("currentTimeMillis"))
                .and(target(owner(assignableTo(System.class))))
                .or(target(name("now")).and(target(owner(resideInAPackage("java.time..")))))
                .or(target(owner(assignableTo(InstantSource.class)))))
        .orShould()
        .callConstructor(Date.class)
        .because("leases and orders go by the database's clock, waits by nanoTime")
        .check(Modules.shipped(module));
  }

  static Stream<String> clockless() {
    return Stream.of("loaders", "pipeline", "postgres");
  }

  static Stream<String> modules() {
    return Modules.all().keySet().stream();
  }

  static Stream<String> cores() {
    return Stream.of("loaders", "pipeline");
  }

  private static String packageOf(String module) {
    return "dev.millrace." + module;
  }
}
