package dev.millrace.rules;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The allowed dependencies between folders of modules, and the owners of libraries. */
final class FoldersTest {
  /** The folders whose modules the modules of a folder may know, besides their own. */
  private static final Map<String, Set<String>> FOLDERS =
      Map.ofEntries(
          entry("loaders", Set.of()),
          entry("runtime/core", Set.of("loaders")),
          entry("runtime/ethereum", Set.of("runtime/core", "loaders")),
          entry("runtime/stores", Set.of("runtime/core", "loaders")),
          entry("runtime/work", Set.of("runtime/stores", "loaders")),
          entry("runtime/embedded", Set.of()),
          entry(
              "runtime/run",
              Set.of(
                  "runtime/core",
                  "runtime/ethereum",
                  "runtime/stores",
                  "runtime/work",
                  "runtime/embedded",
                  "loaders")),
          entry(
              "runtime/serve",
              Set.of("runtime/core", "runtime/stores", "runtime/work", "runtime/run", "loaders")),
          entry(
              "runtime/app",
              Set.of(
                  "runtime/core",
                  "runtime/ethereum",
                  "runtime/stores",
                  "runtime/work",
                  "runtime/embedded",
                  "runtime/run",
                  "runtime/serve",
                  "loaders")),
          // JobTest runs jobs over the embedded PostgreSQL.
          entry(
              "runtime/dev",
              Set.of(
                  "runtime/core",
                  "runtime/ethereum",
                  "runtime/stores",
                  "runtime/work",
                  "runtime/embedded",
                  "loaders")),
          entry(
              "scenarios",
              Set.of(
                  "runtime/core",
                  "runtime/ethereum",
                  "runtime/stores",
                  "runtime/work",
                  "runtime/embedded",
                  "runtime/run",
                  "runtime/serve",
                  "runtime/app",
                  "runtime/dev",
                  "loaders")),
          entry(
              "benchmarks",
              Set.of(
                  "runtime/core",
                  "runtime/ethereum",
                  "runtime/stores",
                  "runtime/work",
                  "runtime/embedded",
                  "runtime/run",
                  "runtime/serve",
                  "runtime/app",
                  "runtime/dev",
                  "loaders",
                  "scenarios")));

  /** Libraries that one module, or the modules of one folder, may use. */
  private static final Map<String, String> OWNERS =
      Map.of("com.lmax.disruptor..", "pipeline", "io.javalin..", "runtime/serve");

  @Test
  void folders_knowOnlyThoseBelowThem() {
    ArrowsTest.KNOWS.forEach((module, known) -> {
      String own = Modules.folder(module);
      Set<String> folders = new TreeSet<>();
      known.forEach(each -> folders.add(Modules.folder(each)));
      folders.remove(own);
      assertThat(FOLDERS.getOrDefault(own, Set.of())).as(module).containsAll(folders);
    });
  }

  @Test
  void serve_knowsNoPipelineAndNoStore() {
    ArrowsTest.KNOWS.forEach((module, known) -> {
      if (Modules.folder(module).equals("runtime/serve")) {
        assertThat(known).doesNotContain("pipeline", "postgres", "clickhouse");
      }
    });
  }

  @ParameterizedTest
  @MethodSource("modules")
  void library_isUsedByItsOwnerAlone(String module) {
    OWNERS.forEach((library, owner) -> {
      if (!List.of(module, Modules.folder(module)).contains(owner)) {
        noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAPackage(library)
            .because(library + " belongs to " + owner)
            .check(Modules.shipped(module));
      }
    });
  }

  static Stream<String> modules() {
    return Modules.all().keySet().stream();
  }
}
