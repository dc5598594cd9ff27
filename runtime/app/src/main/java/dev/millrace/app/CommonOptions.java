package dev.millrace.app;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that every command has; a command takes them as a picocli mixin. */
public final class CommonOptions {
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
  public Config require(Shell shell) {
    Path file = shell.resolve(config == null ? Path.of("millrace.yaml") : config);
    return switch (ConfigFile.read(file, shell.environment())) {
      case ConfigFile.Valid valid -> {
        valid.warnings().forEach(warning -> shell.err().println("millrace: " + warning));
        yield dataDir == null ? valid.config() : valid.config().withDataDir(shell.resolve(dataDir));
      }
      case ConfigFile.Invalid invalid -> throw wrong(file, invalid);
    };
  }

  /** Whether a config was named. */
  public boolean hasConfig() {
    return config != null;
  }

  /** The data directory, for a command that reads no config. */
  public Path dataDir(Shell shell) {
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
