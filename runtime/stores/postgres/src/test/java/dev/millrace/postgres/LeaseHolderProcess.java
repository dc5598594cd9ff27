package dev.millrace.postgres;

import static dev.millrace.postgres.PostgresFixture.token;

import dev.millrace.pipeline.Failpoint;
import dev.millrace.postgres.client.DatabaseSettings;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** Another JVM that holds lane 1 and stops in the middle of its second commit until killed. */
final class LeaseHolderProcess implements AutoCloseable {
  private static final String INSIDE = "inside the COPY of its second commit";

  private final Process process;

  private LeaseHolderProcess(Process process) {
    this.process = process;
  }

  public static void main(String[] arguments) throws IOException {
    DatabaseSettings settings =
        DatabaseSettings.of(arguments[1], arguments[2], System.getenv("HOLDER_PASSWORD"));
    PostgresFixture.TestIndexer indexer =
        PostgresFixture.TestIndexer.of(arguments[0], PostgresFixture.TOKEN, PostgresFixture.NOTE);
    Gate gate = new Gate(Failpoint.Point.DURING_COPY, 2);
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          PostgresFixture lab = new PostgresFixture(indexer, gate, settings);
          lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
          lab.commit(lab.batch(script -> script.save(token(2, "never", 2))));
        });
    gate.awaitReached();
    System.out.println(INSIDE);
    int end = System.in.read(); // which ends when the parent process ends
    Runtime.getRuntime().halt(end < 0 ? 0 : 1);
  }

  /** Returns once the process is inside its second commit. */
  static LeaseHolderProcess of(String schema) throws IOException {
    DatabaseSettings settings = TestDatabase.settings();
    ProcessBuilder java =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx128m",
                    "-XX:TieredStopAtLevel=1",
                    "-cp",
                    System.getProperty("java.class.path"),
                    LeaseHolderProcess.class.getName(),
                    schema,
                    settings.url(),
                    settings.user()))
            .redirectErrorStream(true);
    java.environment().put("HOLDER_PASSWORD", settings.password());
    LeaseHolderProcess holder = new LeaseHolderProcess(java.start());
    BufferedReader output = holder.process.inputReader(StandardCharsets.UTF_8);
    StringBuilder said = new StringBuilder();
    for (String line = output.readLine(); !INSIDE.equals(line); line = output.readLine()) {
      if (line == null) {
        throw new AssertionError("holder has ended: output=" + said);
      }
      said.append(line).append('\n');
    }
    return holder;
  }

  long pid() {
    return process.pid();
  }

  /** Sends SIGKILL. */
  void kill() {
    process.destroyForcibly().onExit().join();
  }

  @Override
  public void close() {
    kill();
  }
}
