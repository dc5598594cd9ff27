package dev.millrace.config;

import dev.millrace.config.Config.Endpoint;
import dev.millrace.loaders.Address;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Configs for tests, and methods to read them. */
final class ConfigTexts {
  static final Path DATA = Path.of("/data");
  static final Address TOKEN = Address.of("0x" + "ab".repeat(20));
  static final Address OTHER = Address.of("0x" + "cd".repeat(20));
  static final Address THIRD = Address.of("0x" + "ef".repeat(20));

  static final String MINIMAL =
      """
      name: erc20
      chains:
        - id: 1
          rpc: http://127.0.0.1:8545
      """;

  private ConfigTexts() {}

  static Endpoint endpoint(String url) {
    return new Endpoint(URI.create(url));
  }

  static Config config(String text, Map<String, String> environment) {
    return switch (ConfigFile.read("f.yaml", text, environment, DATA)) {
      case ConfigFile.Valid valid -> valid.config();
      case ConfigFile.Invalid invalid -> throw new AssertionError(invalid);
    };
  }

  static List<String> problems(String text, Map<String, String> environment) {
    return switch (ConfigFile.read("f.yaml", text, environment, DATA)) {
      case ConfigFile.Valid valid -> throw new AssertionError(valid);
      case ConfigFile.Invalid invalid ->
          invalid.problems().stream().map(ConfigProblem::toString).toList();
    };
  }
}
