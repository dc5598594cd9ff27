package dev.millrace.runner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.jobs.Job;
import dev.millrace.jobs.JobSettings;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.TriggerableJob;
import dev.millrace.pipeline.Indexer;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.servers.EmbeddedPostgres;
import dev.millrace.servers.PostgresSettings;
import dev.millrace.simulation.Simulation;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Relays whose triggers cannot become runs. */
final class TriggerRelaysIT {
  private static final EmbeddedPostgres SERVER =
      EmbeddedPostgres.start(
          Path.of("target", "postgres-it").toAbsolutePath(),
          PostgresSettings.standard()
              .withCache(Path.of("target", "postgres-binaries").toAbsolutePath())
              .with("fsync", "off")
              .with("shared_buffers", "64MB"));

  record Amount(int amount) {}

  private static Indexer triggering(Indexer indexer, Job<?, ?> job) {
    return new Indexer() {
      @Override
      public String name() {
        return "relays_alone"; // relays of other tests may still look at the schema of theirs
      }

      @Override
      public List<EntityType<?>> entities() {
        return indexer.entities();
      }

      @Override
      public List<TriggerableJob<?>> jobs() {
        return List.of(job);
      }

      @Override
      public SortedMap<String, String> sourceRequirements() {
        return indexer.sourceRequirements();
      }
    };
  }

  private static List<String> amounts(Statement statement, String job) throws SQLException {
    List<String> amounts = new ArrayList<>();
    try (ResultSet row =
        statement.executeQuery(
            "SELECT input ->> 'amount' FROM relays_it.run WHERE job = '%s'".formatted(job))) {
      while (row.next()) {
        amounts.add(row.getString(1));
      }
    }
    return amounts;
  }

  private static void awaitDoubts(TriggerRelays relays, int count) {
    long until = System.nanoTime() + Duration.ofMinutes(2).toNanos();
    while (TriggerRelays.doubts(relays).size() != count) {
      assertThat(System.nanoTime()).as("doubts=%d", count).isLessThan(until);
      LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
    }
  }

  @Test
  @Tag("J28")
  @Timeout(300)
  void functionThatThrows_isNamedAndHoldsUpItsLaneAlone() throws Exception {
    DatabaseSettings database =
        DatabaseSettings.of(SERVER.jdbcUrl(), SERVER.user(), SERVER.password());
    JobSettings settings = JobSettings.of(database).withSchema("relays_it");
    AtomicBoolean isMended = new AtomicBoolean();
    Job<Amount, Boolean> merging =
        Job.of("merging", Amount.class, Boolean.class)
            .coalescingKey(
                _ -> "all",
                (one, other) -> {
                  if (!isMended.get()) {
                    throw new ArithmeticException("overflow");
                  }
                  return new Amount(one.amount() + other.amount());
                });
    Indexer indexer = triggering(new Simulation(1).indexer(), merging);
    PostgresStore.reset(database, indexer.name());
    try (PostgresStore store = PostgresStore.open(database, indexer, (_, _) -> {})) {
      store.takeOver("1").close();
      store.takeOver("2").close();
    }
    try (Connection connection =
            DriverManager.getConnection(database.url(), database.user(), database.password());
        Statement statement = connection.createStatement()) {
      statement.execute("DROP SCHEMA IF EXISTS relays_it CASCADE");
      statement.execute("UPDATE %s.millrace_lane SET final_block = 9".formatted(indexer.name()));
      statement.execute(
          """
          INSERT INTO %s.millrace_trigger
                 (chain, block, block_hash, log_index, ordinal, job, moment, input)
          SELECT chain, 1, sha256('1'), n, 0, job, 'FINALIZED', '{"amount":1}'
            FROM (VALUES (1, 1, 'merging'), (1, 2, 'merging'), (2, 1, 'other'))
                 AS t (chain, n, job)
          """
              .formatted(indexer.name()));
      TriggerRelays relays =
          new TriggerRelays(settings, indexer, List.of("1", "2"), () -> 1, () -> {});
      try (relays) {
        relays.start();
        awaitDoubts(relays, 1);
        assertThat(TriggerRelays.doubts(relays))
            .containsExactly(
                "triggers wait, they cannot be relayed: java.lang.ArithmeticException: overflow");
        assertThat(amounts(statement, "other")).containsExactly("1");
        isMended.set(true);
        awaitDoubts(relays, 0);
      }
      assertThat(amounts(statement, "merging")).containsExactly("2");
    }
  }
}
