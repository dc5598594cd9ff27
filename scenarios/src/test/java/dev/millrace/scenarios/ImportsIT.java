package dev.millrace.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.jobs.Job;
import dev.millrace.jobs.JobClient;
import dev.millrace.jobs.JobSettings;
import dev.millrace.jobs.JobWorker;
import dev.millrace.jobs.Retry;
import dev.millrace.jobs.RunEvent;
import dev.millrace.jobs.RunState;
import dev.millrace.jobs.TriggerOptions;
import dev.millrace.jobs.TriggeredRun;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.servers.EmbeddedPostgres;
import dev.millrace.servers.PostgresSettings;
import dev.millrace.testkit.JobTest;
import dev.millrace.testkit.TestRun;
import java.io.FileNotFoundException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs the code of docs/jobs.md. */
@Timeout(180)
final class ImportsIT {
  @Test
  void import_survivesACrash() {
    try (JobTest test = JobTest.of(Imports.jobs())) {
      TestRun<Imports.Imported> run =
          test.crashAfter("list").run(Imports.IMPORT, new Imports.Import("acme"));

      assertThat(run.executed()).containsExactly("list", "notify");
      assertThat(run.output().repositories()).isEqualTo(2);
    }
  }

  @Test
  void import_comesEveryNight() {
    Instant noon = Instant.parse("2026-03-01T12:00:00Z");
    try (JobTest test = JobTest.of(Imports.jobs()).at(noon)) {
      test.advance(Duration.ofDays(2));

      assertThat(test.runs(Imports.IMPORT)).hasSize(2);
    }
  }

  record Order(String customer, int parts) {}

  static final Job<Order, Boolean> APPROVE =
      Job.of("approve", Order.class, Boolean.class)
          .handler((order, context) -> {
            context.step("ask", () -> ask(order.customer()));
            boolean yes =
                context.awaitSignal("answer", Boolean.class, Duration.ofDays(7)).orElse(false);
            context.sleep("cool down", Duration.ofHours(1));
            return yes;
          });

  static final Job<Order, Integer> DELIVER =
      Job.of("deliver", Order.class, Integer.class)
          .idempotencyKey(order -> order.customer() + "/" + LocalDate.EPOCH)
          .retry(
              Retry.exponential(Duration.ofSeconds(1), Duration.ofMinutes(5))
                  .attempts(8)
                  .never(FileNotFoundException.class))
          .handler((order, context) -> {
            context.transaction(
                "count",
                connection -> {
                  try (PreparedStatement statement =
                      connection.prepareStatement("UPDATE shop.stock SET parts = parts - ?")) {
                    statement.setInt(1, order.parts());
                    return statement.executeUpdate();
                  }
                });
            return order.parts();
          });

  private static String ask(String customer) {
    return "mail to " + customer;
  }

  @Test
  void approval_waitsForItsSignal() {
    try (JobTest test = JobTest.of(APPROVE)) {
      TestRun<Boolean> run = test.start(APPROVE, new Order("ann", 3));
      assertThat(run.waitsFor()).hasValue("answer");

      test.signal(run, "answer", true).advance(Duration.ofHours(1));
      assertThat(run.output()).isTrue();
    }
  }

  @Test
  void library_triggersInATransactionOfTheCaller(@TempDir Path directory) throws Exception {
    PostgresSettings standard = PostgresSettings.standard();
    EmbeddedPostgres server = EmbeddedPostgres.start(directory.resolve("postgres"), standard);
    String url = server.jdbcUrl();
    String user = server.user();
    String password = server.password();
    try (Connection connection = DriverManager.getConnection(url, user, password)) {
      connection.createStatement().execute("CREATE SCHEMA shop");
      connection.createStatement().execute("CREATE TABLE shop.stock AS SELECT 10 AS parts");
      embed(url, user, password, connection);
      try (var rows = connection.createStatement().executeQuery("SELECT parts FROM shop.stock")) {
        rows.next();
        assertThat(rows.getInt(1)).isEqualTo(7);
      }
    } finally {
      server.stop();
    }
  }

  private static void embed(String url, String user, String password, Connection connection)
      throws Exception {
    JobSettings settings = JobSettings.of(DatabaseSettings.of(url, user, password));
    try (JobWorker worker = JobWorker.start(settings, List.of(DELIVER));
        JobClient client = JobClient.open(settings)) {
      connection.setAutoCommit(false);
      TriggeredRun run =
          client.trigger(
              connection, DELIVER, new Order("ann", 3), TriggerOptions.none().priority(5));
      connection.commit();
      client.await(run.id(), Duration.ofMinutes(1));

      for (RunEvent event : client.events(run.id(), 0)) {
        System.out.println(event.at().atZone(ZoneId.systemDefault()) + " " + event.type());
      }
      assertThat(worker.failure()).isEmpty();
      assertThat(client.find(run.id()).orElseThrow().state()).isEqualTo(RunState.SUCCEEDED);
    }
    connection.setAutoCommit(true);
  }
}
