package dev.millrace.runner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.config.Config;
import dev.millrace.config.ConfigFile;
import dev.millrace.jobs.Job;
import dev.millrace.jobs.JobRegistry;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Stops of processes of workers. */
final class ProcessRuntimeTest {
  @Test
  @Timeout(60)
  @DisplayName("a stop during a start that waits for a silent database ends after the drain")
  void stopInAStart_endsAfterTheDrain(@TempDir Path directory) throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Path file = directory.resolve("f.yaml");
      Files.writeString(
          file,
          """
          name: silent
          postgres: { url: 'jdbc:postgresql://127.0.0.1:%d/x', user: u, password: p }
          jobs: { drain: 1s }
          """
              .formatted(silent.getLocalPort()));
      Config config = ((ConfigFile.Valid) ConfigFile.read(file, Map.of())).config();
      Job<String, String> job =
          Job.of("a", String.class, String.class).handler((input, _) -> input);
      ProcessRuntime process = ProcessRuntime.of(config, JobRegistry.of(job));
      Thread start = Thread.ofPlatform().daemon().start(process::start);
      silent.accept(); // the start has connected, and gets no answer

      long begun = System.nanoTime();
      process.close();

      assertThat(System.nanoTime() - begun).isLessThan(30_000_000_000L);
      assertThat(process.status().state()).isEqualTo(IndexerStatus.State.DONE);
      start.interrupt();
    }
  }
}
