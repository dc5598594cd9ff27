package dev.millrace.rules;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The modules of this tree on disk, by the names of their directories. Tests run in the directory
 * of their module, and this module is built last, so all the others have been compiled before it.
 */
final class Modules {
  static final Path ROOT = Path.of("../../..").toAbsolutePath().normalize();

  /** A module lies at most as deep as {@code runtime/core/ports}. */
  private static final int DEPTH = 3;

  private Modules() {}

  /** Returns the modules that ship code. */
  static Map<String, Path> all() {
    return directories(directory -> Files.isDirectory(directory.resolve("src/main/java")));
  }

  /** Returns the directories of all POMs but the root's, by name. */
  static Map<String, Path> poms() {
    return directories(
        directory -> !directory.equals(ROOT) && Files.exists(directory.resolve("pom.xml")));
  }

  private static Map<String, Path> directories(Predicate<Path> wanted) {
    try (Stream<Path> all =
        Files.find(ROOT, DEPTH, (path, attributes) -> attributes.isDirectory())) {
      return all.filter(wanted)
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

  /** Returns the folder that groups a module with others, or the module's own if none does. */
  static String folder(String module) {
    Path own = ROOT.relativize(directory(module));
    Path above = own.getParent();
    return (above == null || above.toString().equals("runtime") ? own : above).toString();
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
    Path directory = poms().get(module);
    if (directory == null) {
      throw new IllegalArgumentException("no such module: name=" + module);
    }
    return directory;
  }
}
