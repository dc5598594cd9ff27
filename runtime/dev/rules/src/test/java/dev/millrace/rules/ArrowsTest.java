package dev.millrace.rules;

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

import java.io.IOException;
import java.nio.file.Files;
import java.time.InstantSource;
import java.util.Date;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The allowed dependencies between modules, and the forbidden ones of a core. */
final class ArrowsTest {
  static final Map<String, Set<String>> KNOWS =
      Map.ofEntries(
          entry("model", Set.of()),
          entry("staging", Set.of("model")),
          entry("ports", Set.of("model", "staging")),
          entry("pipeline", Set.of("model", "staging", "ports")),
          entry("abi", Set.of("model")),
          entry("evm", Set.of("model", "ports", "abi")),
          entry("jsonrpc", Set.of()),
          entry("rpc", Set.of("model", "ports", "evm", "jsonrpc")),
          entry("source", Set.of("model", "ports", "evm", "rpc")),
          entry("postgres-client", Set.of("model")),
          entry("postgres", Set.of("model", "staging", "ports", "postgres-client")),
          entry("clickhouse-client", Set.of("model")),
          entry("clickhouse", Set.of("model", "staging", "ports", "clickhouse-client")),
          entry("jobs", Set.of("model", "postgres-client")),
          entry("servers", Set.of()),
          entry("chdb", Set.of()),
          entry("config", Set.of("model", "pipeline", "abi", "evm", "jsonrpc")),
          entry(
              "runner",
              Set.of(
                  "model",
                  "ports",
                  "pipeline",
                  "evm",
                  "rpc",
                  "postgres-client",
                  "postgres",
                  "clickhouse-client",
                  "clickhouse",
                  "jobs",
                  "servers",
                  "config")),
          entry(
              "verify",
              Set.of(
                  "model",
                  "ports",
                  "postgres-client",
                  "postgres",
                  "clickhouse-client",
                  "clickhouse",
                  "config",
                  "runner")),
          entry("http", Set.of("model", "ports", "jobs", "runner")),
          entry(
              "app",
              Set.of(
                  "model",
                  "ports",
                  "pipeline",
                  "evm",
                  "source",
                  "postgres-client",
                  "postgres",
                  "clickhouse-client",
                  "clickhouse",
                  "jobs",
                  "config",
                  "runner",
                  "verify")),
          entry("devchain", Set.of("model", "ports", "evm")),
          entry("devnode", Set.of("model", "devchain")),
          entry(
              "testkit",
              Set.of(
                  "model",
                  "ports",
                  "abi",
                  "evm",
                  "postgres-client",
                  "jobs",
                  "servers",
                  "devchain")),
          entry("simulation", Set.of("model", "staging", "ports", "pipeline", "testkit")),
          entry("timeouts", Set.of()),
          entry(
              "scenarios",
              Set.of(
                  "model",
                  "ports",
                  "pipeline",
                  "evm",
                  "postgres-client",
                  "postgres",
                  "clickhouse-client",
                  "clickhouse",
                  "jobs",
                  "servers",
                  "config",
                  "runner",
                  "verify",
                  "app",
                  "devchain",
                  "devnode")),
          entry(
              "benchmarks",
              Set.of(
                  "model",
                  "staging",
                  "ports",
                  "pipeline",
                  "evm",
                  "jsonrpc",
                  "postgres-client",
                  "postgres",
                  "clickhouse-client",
                  "clickhouse",
                  "jobs",
                  "servers",
                  "runner",
                  "app",
                  "devchain",
                  "scenarios")));

  /** Names of packages that differ from the names of their modules. */
  private static final Map<String, String> PACKAGES =
      Map.ofEntries(
          entry("model", "dev.millrace.loaders"),
          entry("ports", "dev.millrace.pipeline"),
          entry("pipeline", "dev.millrace.lane"),
          entry("postgres-client", "dev.millrace.postgres.client"),
          entry("clickhouse-client", "dev.millrace.clickhouse.client"));

  @Test
  void modules_areThoseWhoseArrowsAreDrawn() {
    assertThat(Modules.all()).containsOnlyKeys(KNOWS.keySet());
  }

  /** A module, its package and those that it knows, in {@code docs/architecture.md}. */
  private static final Pattern DRAWN =
      Pattern.compile("(?m)^\\| `([^`]+)` \\| `(dev\\.millrace[^`]+)` \\| ([^|]+) \\|$");

  @Test
  void architecture_drawsTheseArrows() throws IOException {
    String page = Files.readString(Modules.ROOT.resolve("docs/architecture.md"));
    Map<String, String> drawn = new TreeMap<>();
    DRAWN
        .matcher(page)
        .results()
        .forEach(row -> drawn.put(row.group(1), row.group(2) + " " + sorted(row.group(3))));

    Map<String, String> held = new TreeMap<>();
    Modules.all()
        .forEach((module, directory) -> {
          Set<String> known = new TreeSet<>(KNOWS.getOrDefault(module, Set.of()));
          held.put(
              Modules.ROOT.relativize(directory).toString(),
              packageOf(module) + " " + (known.isEmpty() ? Set.of("none") : known));
        });
    drawn.remove("runtime/dev/rules"); // it ships nothing
    assertThat(drawn).isEqualTo(held);
  }

  private static Set<String> sorted(String names) {
    return new TreeSet<>(Set.of(names.split(", ", -1)));
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
  void model_knowsNothingButJava() {
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..",
            "org.jspecify.annotations..",
            "com.google.errorprone.annotations..",
            packageOf("model"))
        .check(Modules.shipped("model"));
  }

  @Test
  void staging_knowsNothingButTheModel() {
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..",
            "org.jspecify.annotations..",
            "com.google.errorprone.annotations..",
            packageOf("model"),
            packageOf("staging"))
        .check(Modules.shipped("staging"));
  }

  @Test
  void ports_knowNothingButLoadersAndALogger() {
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..",
            "org.jspecify.annotations..",
            "com.google.errorprone.annotations..",
            "org.slf4j..",
            packageOf("model"),
            packageOf("staging"),
            packageOf("ports"))
        .check(Modules.shipped("ports"));
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
            packageOf("model"),
            packageOf("staging"),
            packageOf("ports"),
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
    return Stream.of("model", "staging", "ports", "pipeline", "postgres-client", "postgres");
  }

  static Stream<String> modules() {
    return Modules.all().keySet().stream();
  }

  static Stream<String> cores() {
    return Stream.of("model", "staging", "ports", "pipeline");
  }

  private static String packageOf(String module) {
    return PACKAGES.getOrDefault(module, "dev.millrace." + module);
  }
}
