package dev.millrace.jobs;

import dev.millrace.postgres.client.DatabaseSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.List;

/** Another JVM with a worker, for tests that kill or stop it. It ends with the test's own. */
final class JobWorkerProcess implements AutoCloseable {
  record Work(String name, int steps) {}

  private final Process process;

  private JobWorkerProcess(Process process) {
    this.process = process;
  }

  /** Counts each step once in the table of effects, in the step's own transaction. */
  static Job<Work, Integer> counting(String schema) {
    return Job.of("counting", Work.class, Integer.class)
        .maxLostClaims(1_000)
        .handler((input, context) -> {
          int sum = 0;
          for (int i = 0; i < input.steps(); i++) {
            int step = i;
            sum +=
                context.transaction(
                    "step-" + i,
                    connection -> {
                      try (PreparedStatement statement =
                          connection.prepareStatement(
                              "INSERT INTO \"%s\".effect VALUES (?)".formatted(schema))) {
                        statement.setString(1, input.name() + " " + step);
                        return statement.executeUpdate();
                      }
                    });
          }
          return sum;
        });
  }

  /** Ends the process that runs it. */
  static Job<Work, Integer> deadly() {
    return Job.of("deadly", Work.class, Integer.class)
        .maxLostClaims(3)
        .handler((_, _) -> {
          Runtime.getRuntime().halt(9);
          return 0;
        });
  }

  public static void main(String[] arguments) throws IOException {
    JobSettings settings =
        JobSettings.of(
                DatabaseSettings.of(arguments[1], arguments[2], System.getenv("WORKER_PASSWORD"))
                    .withPatience(Duration.ofSeconds(60)))
            .withSchema(arguments[0])
            .withLease(Duration.ofMillis(Long.parseLong(arguments[3])));
    JobWorker.start(settings, List.of(counting(arguments[0]), deadly()));
    int end = System.in.read(); // which ends when the parent process ends
    Runtime.getRuntime().halt(end < 0 ? 0 : 1);
  }

  static JobWorkerProcess start(JobSettings settings) throws IOException {
    DatabaseSettings database = settings.database();
    ProcessBuilder java =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx128m",
                    "-XX:TieredStopAtLevel=1",
                    "-cp",
                    System.getProperty("java.class.path"),
                    JobWorkerProcess.class.getName(),
                    settings.schema(),
                    database.url(),
                    String.valueOf(database.user()),
                    Long.toString(settings.lease().toMillis())))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD);
    java.environment().put("WORKER_PASSWORD", String.valueOf(database.password()));
    return new JobWorkerProcess(java.start());
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** Sends SIGKILL. */
  void kill() {
    process.destroyForcibly().onExit().join();
  }

  /** Sends SIGSTOP or SIGCONT. */
  void signal(String name) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
  }

  @Override
  public void close() {
    kill();
  }
}
