package dev.millrace.servers;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDir;

/** ClickHouse's own client for Node.js, unmodified; the calls are in {@code client.mjs}. */
@Timeout(120)
@ExtendWith({TestEngines.WhereTheLibraryIs.class, NodeClientIT.WhereNpmIs.class})
final class NodeClientIT {
  private static final Path CACHE =
      Path.of(System.getProperty("user.home"), ".cache", "millrace", "clickhouse-client-1");
  private static final String CLIENT = "@clickhouse/client@1.23.1";

  @TempDir static Path root;

  /** Skips the class if the client cannot be downloaded, and prints that. */
  static final class WhereNpmIs implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      try {
        String missing = install();
        if (missing.isEmpty()) {
          return ConditionEvaluationResult.enabled("the client is there");
        }
        System.err.println("LEFT OUT: " + context.getDisplayName() + ": " + missing);
        return ConditionEvaluationResult.disabled(missing);
      } catch (IOException failed) {
        System.err.println("LEFT OUT: " + context.getDisplayName() + ": " + failed);
        return ConditionEvaluationResult.disabled("client cannot be fetched: " + failed);
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
        return ConditionEvaluationResult.disabled("interrupted");
      }
    }
  }

  private static String install() throws IOException, InterruptedException {
    if (Files.exists(CACHE.resolve("complete"))) {
      return "";
    }
    if (!ChildCommand.isOnPath("npm")) {
      return "npm is not there";
    }
    Files.createDirectories(CACHE);
    Path log = CACHE.resolve("install.log");
    Process npm =
        new ProcessBuilder(
                "npm",
                "install",
                "--prefix",
                CACHE.toString(),
                "--no-audit",
                "--no-fund",
                "--ignore-scripts",
                CLIENT)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    if (!npm.waitFor(5, TimeUnit.MINUTES) || npm.exitValue() != 0) {
      npm.destroyForcibly();
      return "npm cannot fetch the client: log=" + log;
    }
    Files.createFile(CACHE.resolve("complete"));
    return "";
  }

  @Test
  void nodeClient_createsInsertsSelectsStreamsAndFails() throws Exception {
    EmbeddedClickHouse server = TestEngines.start(root);
    try (InputStream script = NodeClientIT.class.getResourceAsStream("client.mjs")) {
      Path file = CACHE.resolve("client.mjs");
      Files.write(file, Objects.requireNonNull(script).readAllBytes());
      Path output = root.resolve("output");
      Process node =
          new ProcessBuilder(
                  "node", file.toString(), server.url(), server.user(), server.password())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .redirectOutput(output.toFile())
              .start();
      boolean ended = node.waitFor(60, TimeUnit.SECONDS);
      node.destroyForcibly();
      String said = Files.readString(output, UTF_8);

      assertThat(said)
          .isEqualTo(
              """
              ping true
              inserted 3
              rows [{"id":1,"name":"one"},{"id":2,"name":"two"},{"id":3,"name":"three"}]
              parameter [{"name":"two"}]
              gzip [{"name":"two"}]
              packed 1
              stream 300000 44999850000
              error 60 UNKNOWN_TABLE
              late error 395 FUNCTION_THROW_IF_VALUE_IS_NON_ZERO
              password 516 AUTHENTICATION_FAILED
              """);
      assertThat(ended).isTrue();
    } finally {
      server.stop();
    }
  }
}
