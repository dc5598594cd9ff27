package dev.millrace.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.timeouts.TimeoutExtension;
import dev.millrace.timeouts.TimeoutReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.io.TempDir;

/** The evidence of a test that times out. */
final class TimeoutReportTest {
  /** Waits for an input that never comes. */
  static final class Stuck {
    private Stuck() {}

    @SuppressWarnings("SystemOut") // a process of its own
    public static void main(String[] args) throws IOException {
      System.out.println("the last line of a log");
      System.in.read();
    }
  }

  @Test
  void report_holdsStacksAndLogsOfAllProcesses(@TempDir Path directory) throws Exception {
    Path log = directory.resolve("stuck.log");
    Process stuck =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                Path.of(Stuck.class.getProtectionDomain().getCodeSource().getLocation().toURI())
                    .toString(),
                Stuck.class.getName())
            .redirectOutput(log.toFile())
            .start();
    try {
      LaneHarness.awaitThat(() -> size(log) > 0);
      Path report = directory.resolve("report");
      new TimeoutReport(report).write();

      assertThat(report.resolve("stacks-" + ProcessHandle.current().pid() + ".txt"))
          .content()
          .contains("report_holdsStacksAndLogsOfAllProcesses");
      assertThat(report.resolve("stacks-" + stuck.pid() + ".txt"))
          .content()
          .contains("TimeoutReportTest$Stuck.main");
      assertThat(report.resolve("process-" + stuck.pid() + ".txt")).content().contains("thread ");
      assertThat(report.resolve(stuck.pid() + "-stuck.log"))
          .content()
          .contains("the last line of a log");
    } finally {
      stuck.destroyForcibly().waitFor();
    }
  }

  @Test
  void extension_isFoundByJUnit() {
    assertThat(ServiceLoader.load(Extension.class))
        .hasAtLeastOneElementOfType(TimeoutExtension.class);
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException missing) {
      return 0;
    }
  }
}
