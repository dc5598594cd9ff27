package dev.millrace.config;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads {@code millrace.yaml} and the {@code MILLRACE_…} variables into a {@link Config}.
 *
 * <p>Keys that are left out have defaults: without {@code finality}, a chain takes for final what
 * its nodes call finalized, see {@link Config.Finality}.
 *
 * <p>All problems are found in one pass: spelling and kinds first, then the values of nodes of the
 * right kind.
 */
public final class ConfigFile {
  private ConfigFile() {}

  /** The outcome of reading. */
  public sealed interface ReadResult {}

  /** A usable config, with warnings that should be shown. */
  public record Valid(Config config, List<String> warnings) implements ReadResult {}

  /** All problems to fix, in the order of the file. */
  public record Invalid(List<ConfigProblem> problems) implements ReadResult {
    @Override
    public String toString() {
      return String.join("\n", problems.stream().map(ConfigProblem::toString).toList());
    }
  }

  /**
   * Reads {@code file} under {@code environment}. Data lives in {@code .millrace} beside the file.
   */
  public static ReadResult read(Path file, Map<String, String> environment) {
    try {
      Path beside = file.toAbsolutePath().normalize().resolveSibling(".millrace");
      return read(String.valueOf(file.getFileName()), Files.readString(file), environment, beside);
    } catch (NoSuchFileException _) {
      return unreadable(file, "does not exist", "a config file, named by --config FILE");
    } catch (CharacterCodingException _) {
      return unreadable(file, "is not text in UTF-8", "a YAML file in UTF-8");
    } catch (IOException wrong) {
      return unreadable(
          file,
          Files.isDirectory(file)
              ? "is a directory"
              : "cannot be read: reason=" + wrong.getClass().getSimpleName(),
          "a YAML file that this user may read");
    }
  }

  /** Reads {@code text} as if it stood in a file named {@code file}. */
  public static ReadResult read(
      String file, String text, Map<String, String> environment, Path dataDir) {
    List<ConfigProblem> problems = new ArrayList<>();
    List<String> warnings = new ArrayList<>();
    ConfigNode written =
        new ConfigYamlParser(file, new VariableInterpolation(environment), problems).read(text);
    ConfigNode overridden = new ConfigOverrides(environment, problems, warnings).applyTo(written);
    ConfigNode checked = new ConfigCheck(problems).conform(overridden, ConfigShape.ROOT, "");
    Optional<Config> config =
        checked instanceof ConfigNode.Broken
            ? Optional.empty()
            : new ConfigReader(problems).read(checked, dataDir);
    return config.isPresent() && problems.isEmpty()
        ? new Valid(config.get(), List.copyOf(warnings))
        : new Invalid(inOrder(problems));
  }

  private static Invalid unreadable(Path file, String wrong, String expected) {
    return new Invalid(List.of(new ConfigProblem(file.toString(), "", wrong, expected)));
  }

  /** Sorts by line of the file, then the variables. */
  private static List<ConfigProblem> inOrder(List<ConfigProblem> problems) {
    return problems.stream().distinct().sorted(ConfigProblem.BY_PLACE).toList();
  }
}
