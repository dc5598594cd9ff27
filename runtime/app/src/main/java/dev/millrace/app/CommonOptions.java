package dev.millrace.app;

import dev.millrace.config.Config;
import dev.millrace.config.ConfigFile;
import dev.millrace.lane.LaneSettings;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of every command; a command takes them as a picocli mixin. */
public final class CommonOptions {
  private static final String STANDARD = "millrace.yaml";

  @Option(
      names = {"-c", "--config"},
      paramLabel = "FILE",
      description = "What to index, and where to. Default: millrace.yaml in this directory.")
  private @Nullable Path config;

  @Option(
      names = {"-d", "--data-dir"},
      paramLabel = "DIR",
      description =
          "Where everything that Millrace keeps on disk lives. Default: .millrace beside the config.")
  private @Nullable Path dataDir;

  /** Reads the config, with the data directory that the options ask for. */
  public Config require(CliEnvironment shell) {
    Path file = shell.resolve(config == null ? Path.of(STANDARD) : config);
    return switch (ConfigFile.read(file, shell.environment())) {
      case ConfigFile.Valid valid -> {
        valid.warnings().forEach(warning -> shell.err().println("millrace: " + warning));
        yield dataDir == null ? valid.config() : valid.config().withDataDir(shell.resolve(dataDir));
      }
      case ConfigFile.Invalid invalid -> throw wrong(file, invalid);
    };
  }

  /** True if a config was named. */
  public boolean hasConfig() {
    return config != null;
  }

  /**
   * Reads the config if there is one, and otherwise takes the embedded database of the data
   * directory.
   */
  Config orEmbedded(CliEnvironment shell, Optional<String> name) {
    boolean found = config != null || Files.exists(shell.directory().resolve(STANDARD));
    if (found || name.isEmpty()) {
      return require(shell);
    }
    return new Config(
        name.get(),
        new Config.Postgres.Embedded(),
        List.of(),
        LaneSettings.defaults(),
        OptionalInt.empty(),
        dataDir(shell));
  }

  /** The data directory, for a command that reads no config. */
  public Path dataDir(CliEnvironment shell) {
    Path beside = config == null ? shell.directory().resolve("-") : shell.resolve(config);
    return dataDir == null ? beside.resolveSibling(".millrace") : shell.resolve(dataDir);
  }

  private static MillraceException wrong(Path file, ConfigFile.Invalid invalid) {
    int count = invalid.problems().size();
    return new MillraceException(
        Remedy.FIX_SETUP,
        "config is wrong: problems=%d file=%s%n%s"
            .formatted(count, file, invalid.toString().indent(2).stripTrailing()));
  }
}
