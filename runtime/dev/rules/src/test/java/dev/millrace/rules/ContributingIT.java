package dev.millrace.rules;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The commands of CONTRIBUTING.md: what they name exists, and the shortest of them runs. */
@Timeout(600)
final class ContributingIT {
  private static final Path ROOT = Path.of("../../..").toAbsolutePath().normalize();
  private static final Pattern COMMAND = Pattern.compile("`(mvn [^`]+)`");
  private static final Set<String> LEFT_OUT = Set.of("target", ".git", ".millrace");

  @TempDir private Path directory;

  private static List<String> commands() throws IOException {
    String page = Files.readString(ROOT.resolve("CONTRIBUTING.md"));
    List<String> commands = new ArrayList<>();
    Matcher command = COMMAND.matcher(page);
    while (command.find()) {
      commands.add(command.group(1));
    }
    return commands;
  }

  private static List<String> named(String option, String command) {
    Matcher named = Pattern.compile(option + "['\"]?([\\w./*,#]+)").matcher(command);
    return named.results().flatMap(found -> Stream.of(found.group(1).split(",", -1))).toList();
  }

  @Test
  void commands_nameModulesTestsAndPropertiesThatExist() throws IOException {
    Set<String> tests;
    StringBuilder code = new StringBuilder();
    try (Stream<Path> all = Files.walk(ROOT)) {
      List<Path> sources =
          all.filter(file -> file.toString().contains("/src/test/"))
              .filter(file -> file.toString().endsWith(".java"))
              .toList();
      tests =
          sources.stream()
              .map(file -> file.getFileName().toString().replace(".java", ""))
              .collect(Collectors.toSet());
      for (Path source : sources) {
        code.append(Files.readString(source));
      }
    }
    assertThat(commands()).hasSizeGreaterThan(10);
    for (String command : commands()) {
      for (String module : named("-pl ", command)) {
        assertThat(ROOT.resolve(module).resolve("pom.xml")).as(command).exists();
      }
      for (String test : named("-D(?:it\\.)?test=", command)) {
        String type = test.split("#", -1)[0];
        assertThat(type.contains("*") || type.equalsIgnoreCase("none") || tests.contains(type))
            .as(command)
            .isTrue();
      }
      for (String property : named("-D(?=millrace)", command)) {
        assertThat(code).as(command).contains('"' + property.split("=", -1)[0] + '"');
      }
    }
  }

  @Test
  void oneTest_runsAsThePageSays() throws Exception {
    String command =
        commands().stream()
            .filter(line -> line.contains("-Dtest=StagedStoreTest"))
            .findFirst()
            .orElseThrow();
    copy(directory);

    List<String> words = new ArrayList<>(List.of(command.split(" ", -1)));
    words.addAll(1, List.of("-B", "-ntp"));
    Process maven =
        new ProcessBuilder(words)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("maven.out").toFile())
            .start();
    maven.getOutputStream().close();
    try {
      assertThat(maven.waitFor(500, TimeUnit.SECONDS)).isTrue();
    } finally {
      maven.descendants().forEach(ProcessHandle::destroyForcibly);
      maven.destroyForcibly();
    }
    String said = Files.readString(directory.resolve("maven.out"), UTF_8);
    assertThat(maven.exitValue()).as(said).isZero();
    assertThat(
            directory
                .resolve("loaders/staging/target/surefire-reports/")
                .resolve("TEST-dev.millrace.staging.StagedStoreTest.xml"))
        .exists();
  }

  /** Copies the sources, because a build in the tree would write what its own build reads. */
  private static void copy(Path target) throws IOException {
    Files.walkFileTree(
        ROOT,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path from, BasicFileAttributes attributes)
              throws IOException {
            if (LEFT_OUT.contains(from.getFileName().toString())) {
              return FileVisitResult.SKIP_SUBTREE;
            }
            Files.createDirectories(target.resolve(ROOT.relativize(from).toString()));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path from, BasicFileAttributes attributes)
              throws IOException {
            Files.copy(from, target.resolve(ROOT.relativize(from).toString()));
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
