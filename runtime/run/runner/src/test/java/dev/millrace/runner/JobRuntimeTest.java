package dev.millrace.runner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.config.Config;
import dev.millrace.config.ConfigFile;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The settings of jobs that a config asks for. */
final class JobRuntimeTest {
  private static Config config(String text) {
    return ((ConfigFile.Valid) ConfigFile.read("millrace.yaml", text, Map.of(), Path.of("data")))
        .config();
  }

  @Test
  @Tag("J26")
  void keysOfNodes_areSecretsWithAndWithoutTheirPlaceInTheAddress() {
    Config config =
        config(
            """
            name: secrets
            chains:
              - id: 1
                from: 0
                rpc:
                  - "https://eth.example/v2/AbCdEfGhIjKlMnOpQrStUvWx"
                  - "https://user:s3cretpass@node.example/rpc"
                  - "https://n.example/?apikey=QWERTYUIOPASDFGH"
            """);
    assertThat(JobRuntime.secrets(config))
        .contains(
            "/v2/AbCdEfGhIjKlMnOpQrStUvWx",
            "AbCdEfGhIjKlMnOpQrStUvWx",
            "s3cretpass",
            "QWERTYUIOPASDFGH")
        .doesNotContain("v2", "apikey", "rpc", "/rpc");
  }
}
