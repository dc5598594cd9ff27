package dev.millrace.benchmarks;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The modules of this tree on disk, by name. Tests run in the directory of their module, and this
 * module is built last, so all the others have been compiled before it.
 */
final class Modules {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  private Modules() {}

  static Map<String, Path> all() {
    try (Stream<Path> top = Files.list(ROOT);
        Stream<Path> runtime = Files.list(ROOT.resolve("runtime"))) {
      return Stream.concat(top, runtime)
          .filter(directory -> Files.isDirectory(directory.resolve("src/main/java")))
          .collect(
              Collectors.toMap(
                  directory -> directory.getFileName().toString(),
                  directory -> directory,
                  (one, other) -> {
                    throw new IllegalStateException(
                        "module name is not unique: one=" + one + " other=" + other);
                  },
                  TreeMap::new));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Returns the classes that a module ships; never empty, so that no rule holds only for want of a
   * subject.
   */
  static JavaClasses shipped(String module) {
    return imported(module, "classes");
  }

  /** Returns the classes of a module's tests; empty only if there is no source of a test. */
  static JavaClasses tests(String module) {
    Path directory = directory(module);
    return Files.isDirectory(directory.resolve("src/test/java"))
        ? imported(module, "test-classes")
        : new ClassFileImporter().importPaths(List.of());
  }

  private static JavaClasses imported(String module, String output) {
    Path classes = directory(module).resolve("target").resolve(output);
    // Code that JMH generates around a benchmark lives in a package of its own and follows its own
    // rules.
    JavaClasses imported =
        new ClassFileImporter()
            .withImportOption(location -> !location.contains("/jmh_generated/"))
            .importPath(classes);
    if (imported.isEmpty()) {
      throw new IllegalStateException("module has no classes: directory=" + classes);
    }
    return imported;
  }

  private static Path directory(String module) {
    Path directory = all().get(module);
    if (directory == null) {
      throw new IllegalArgumentException("no such module: name=" + module);
    }
    return directory;
  }
}
