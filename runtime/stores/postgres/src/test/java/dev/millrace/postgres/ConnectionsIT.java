package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loaders.MillraceException;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.postgres.client.PostgresConnections;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The sessions that a store leaves on the server. */
@Timeout(60)
final class ConnectionsIT {
  @Test
  @Tag("D2")
  @DisplayName("D2 whoever waits for a lane leaves no session behind with each try")
  void takeOver_leavesNoSessionBehindWhileItWaits() throws SQLException {
    try (PostgresFixture lab = PostgresFixture.fresh();
        PostgresStore other = waiting(lab)) {
      assertThatThrownBy(() -> other.takeOver("1"))
          .isInstanceOf(MillraceException.class)
          .hasMessageContaining("lane is held by another process");
      assertThat(sessions(lab.schema, "commits 1", 1)).isEqualTo(1);
    }
  }

  @Test
  @DisplayName("a store that was closed takes no lane any more, and ends whoever waits for one")
  void close_endsTakingOver() throws Exception {
    try (PostgresFixture lab = PostgresFixture.fresh();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      DatabaseSettings patient = TestDatabase.settings().withPatience(Duration.ofMinutes(1));
      PostgresStore other = PostgresStore.open(patient, lab.indexer, Failpoint.NONE);
      Future<?> waiting = threads.submit(() -> other.takeOver("1"));
      other.close();
      lab.end();
      assertThatThrownBy(waiting::get)
          .hasRootCauseMessage("store is closed and takes no lane: lane=1");
      assertThatThrownBy(() -> other.takeOver("1"))
          .hasMessage("store is closed and takes no lane: lane=1");
      assertThat(sessions(lab.schema, "commits 1", 0)).isZero();
    }
  }

  @Test
  @DisplayName("a store that was closed has no session left")
  void close_leavesNoSession() throws SQLException {
    PostgresFixture lab = PostgresFixture.fresh();
    lab.close();
    assertThat(sessions(lab.schema, "%", 0)).isZero();
  }

  @Test
  @Tag("D3")
  @DisplayName("D3 a process stopped while it opened the schema does not keep the next one out")
  void open_doesNotWaitForAProcessThatIsStoppedInIt() throws SQLException {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      Handle stopped = new PostgresConnections(TestDatabase.settings(), lab.schema).open("setup");
      stopped.begin();
      new PostgresSchema(stopped, lab.schema).lock();

      long begun = System.nanoTime();
      PostgresStore.open(TestDatabase.settings(), lab.indexer, Failpoint.NONE).close();

      assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(20));
      PostgresConnections.close(stopped);
    }
  }

  private static PostgresStore waiting(PostgresFixture lab) {
    return PostgresStore.open(
        TestDatabase.settings().withPatience(Duration.ofSeconds(1)), lab.indexer, Failpoint.NONE);
  }

  /**
   * Counts sessions; waits up to 5 s for the expected count, as a closed session takes a moment to
   * end.
   */
  private static int sessions(String schema, String purpose, int expected) throws SQLException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
    int found = count(schema, purpose);
    while (found != expected && System.nanoTime() - deadline < 0) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
      found = count(schema, purpose);
    }
    return found;
  }

  private static int count(String schema, String purpose) throws SQLException {
    return Integer.parseInt(
        TestDatabase.one(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'millrace %s %s'"
                .formatted(schema, purpose)));
  }
}
