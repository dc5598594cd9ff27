package dev.millrace.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.FileVisitResult.CONTINUE;
import static java.nio.file.FileVisitResult.SKIP_SUBTREE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.servers.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The first steps of a new user: {@code ./millrace init}, {@code mvn test}, {@code ./run}. On a
 * copy of this tree, because the launcher builds, and with a local repository of its own that sees
 * the machine's artifacts and adds nothing to them.
 */
@Timeout(900)
final class InitIT {
  private static final Set<String> BUILT = Set.of("classes", "maven-status", "generated-sources");

  @TempDir private Path directory;

  private record Ran(int code, String said) {}

  @Test
  void project_compilesItsTestsPassAndItRuns() throws Exception {
    Path root = directory.resolve("millrace");
    copy(Path.of("..").toAbsolutePath().normalize(), root);
    layer(Path.of(machine()), directory.resolve("repository"));
    Path work = Files.createDirectory(directory.resolve("work"));
    String launcher = root.resolve("millrace").toString();

    Ran wrong = run(work, launcher, "init", "My Token");
    assertThat(wrong.code()).as(wrong.said()).isEqualTo(2);
    assertThat(wrong.said()).contains("name is lower-case").doesNotContain("installing");

    Ran begun = run(work, launcher, "init", "my-token");
    assertThat(begun.code()).as(begun.said()).isZero();
    assertThat(begun.said()).contains("installing Millrace", "my-token is ready");
    assertThat(directory.resolve("repository/dev/millrace/millrace-app")).isNotEmptyDirectory();
    assertThat(directory.resolve("repository/dev/millrace/millrace-scenarios")).doesNotExist();

    Ran again = run(work, launcher, "init", "other");
    assertThat(again.code()).as(again.said()).isZero();
    assertThat(again.said()).doesNotContain("building", "installing");

    Path project = work.resolve("my-token");
    Ran tested = run(project, "mvn", "-B", "-ntp", "-Dmaven.repo.local=" + repository(), "test");
    assertThat(tested.code()).as(tested.said()).isZero();
    assertThat(tested.said()).contains("Tests run: 2, Failures: 0, Errors: 0, Skipped: 0");

    try {
      Ran indexed = run(project, project.resolve("run").toString());
      assertThat(indexed.code()).as(indexed.said()).isZero();
      assertThat(indexed.said()).contains("millrace: done: 100,000 events durable");
    } finally {
      // The server outlives the process by seconds, and would write where JUnit is deleting.
      EmbeddedPostgres.start(project.resolve(".millrace/postgres")).stop();
    }
  }

  /** Removes the links: JUnit would not follow them either, but print a warning for each. */
  @AfterEach
  void unlink() throws IOException {
    for (Path where : List.of(repository(), repository().resolve("dev"))) {
      try (Stream<Path> all = Files.list(where)) {
        for (Path each : all.filter(Files::isSymbolicLink).toList()) {
          Files.delete(each);
        }
      }
    }
  }

  private Path repository() {
    return directory.resolve("repository");
  }

  private static String machine() {
    return System.getProperty(
        "localRepository", System.getProperty("user.home") + "/.m2/repository");
  }

  /** Copies the sources and their compiled classes, so that the copy has little to do. */
  private static void copy(Path from, Path to) throws IOException {
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes)
              throws IOException {
            String name = path.getFileName().toString();
            boolean inTarget = isIn("target", path);
            if (name.startsWith(".git") || (inTarget && !BUILT.contains(name))) {
              return SKIP_SUBTREE;
            }
            Files.createDirectories(to.resolve(from.relativize(path)));
            return CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path path, BasicFileAttributes attributes)
              throws IOException {
            if (!isIn("target", path)) {
              Files.copy(
                  path, to.resolve(from.relativize(path)), StandardCopyOption.COPY_ATTRIBUTES);
            }
            return CONTINUE;
          }
        });
  }

  /** Links everything of the machine's repository, but nothing of ours. */
  private static void layer(Path machine, Path own) throws IOException {
    link(machine, own, "dev");
    link(machine.resolve("dev"), own.resolve("dev"), "millrace");
  }

  private static void link(Path from, Path to, String except) throws IOException {
    Files.createDirectories(to);
    if (!Files.isDirectory(from)) {
      return;
    }
    try (Stream<Path> all = Files.list(from)) {
      for (Path each : all.toList()) {
        Path name = each.getFileName();
        if (!name.toString().equals(except)) {
          Files.createSymbolicLink(to.resolve(name), each);
        }
      }
    }
  }

  private Ran run(Path where, String... command) throws IOException, InterruptedException {
    Path said = Files.createTempFile(directory, "said", ".txt");
    ProcessBuilder builder =
        new ProcessBuilder(List.of(command))
            .directory(where.toFile())
            .redirectErrorStream(true)
            .redirectOutput(said.toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("MILLRACE_MAVEN_OPTIONS", "-Dmaven.repo.local=" + repository());
    Process process = builder.start();
    try {
      assertThat(process.waitFor(10, TimeUnit.MINUTES)).as(Files.readString(said, UTF_8)).isTrue();
    } finally {
      process.destroyForcibly().waitFor();
    }
    return new Ran(process.exitValue(), Files.readString(said, UTF_8));
  }

  private static boolean isIn(String directory, Path path) {
    Path parent = path.getParent();
    return parent != null && parent.endsWith(directory);
  }
}
