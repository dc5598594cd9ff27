package dev.millrace.app;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.runner.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes a small, complete project to begin with. */
@Command(
    name = "init",
    mixinStandardHelpOptions = true,
    description = {
      "Writes a Maven project with an indexer, its test and its config into a new directory.",
      "It compiles, its test passes, and ./run in it indexes a chain to play with."
    })
final class InitCommand implements Callable<Integer> {
  private final CliEnvironment shell;

  @Parameters(
      index = "0",
      paramLabel = "NAME",
      description =
          "Names the project and its directory, which is created in the current one: lower-case"
              + " letters, digits and single dashes, a letter first, at most 50.")
  private @Nullable String name;

  @Option(
      names = "--package",
      paramLabel = "PACKAGE",
      description = "The Java package of its code. Default: the name without its dashes.")
  private @Nullable String packageName;

  @Option(
      names = "--check",
      hidden = true,
      description = "Only says whether this would work: the launcher asks before it installs.")
  private boolean check;

  InitCommand(CliEnvironment shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() {
    ProjectTemplate project =
        ProjectTemplate.of(name == null ? "" : name, Optional.ofNullable(packageName));
    Path directory = shell.resolve(Path.of(project.name()));
    requireRoom(directory);
    if (check) {
      return ExitCode.DONE;
    }
    try {
      project.write(directory);
    } catch (IOException failed) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "project cannot be written: directory=%s reason=%s".formatted(directory, failed),
          failed);
    }
    shell
        .out()
        .printf(
            """
            %s is ready. Go on with:

              cd %s
              mvn test                 its tests, without a database
              ./run                    the indexer, over a chain to play with
              ./run sql "SELECT * FROM account ORDER BY transfers DESC LIMIT 5"
            """,
            project.name(), project.name());
    return ExitCode.DONE;
  }

  private static void requireRoom(Path directory) {
    if (Files.exists(directory) && !isEmptyDirectory(directory)) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "there is something by this name already, take another or move it away: path="
              + directory);
    }
  }

  private static boolean isEmptyDirectory(Path directory) {
    if (!Files.isDirectory(directory)) {
      return false;
    }
    try (Stream<Path> inside = Files.list(directory)) {
      return inside.findAny().isEmpty();
    } catch (IOException _) {
      return false;
    }
  }
}
