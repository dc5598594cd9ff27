package dev.millrace.postgres;

import static dev.millrace.postgres.PostgresFixture.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.postgres.client.DatabaseSettings;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The holder of a lane, its successors, and the fate of a fenced holder. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
final class TakeoverIT {
  private static MillraceException failureOf(Runnable work) {
    return catchThrowableOfType(MillraceException.class, work::run);
  }

  /** Ends the sessions of a lane as the death of its process would, and no others. */
  private static void killSessions(PostgresFixture lab) throws SQLException {
    TestDatabase.execute(
        """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name LIKE 'millrace %s %%' AND application_name NOT LIKE '%%reads'
        """
            .formatted(lab.schema));
  }

  /** Expires the lease of the holder and stops its renewal; its sessions stay. */
  static void silence(PostgresFixture lab) throws SQLException {
    TestDatabase.execute(
        "UPDATE %s.millrace_lease SET epoch = -1, expires = clock_timestamp() - interval '1 second'"
            .formatted(lab.schema));
  }

  @Test
  @Tag("D2")
  @DisplayName("D2 a second process is refused, and told who has the lane")
  void secondTaker_isRefusedNamingTheHolder() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      MillraceException refused = failureOf(lab::again);
      assertThat(refused.remedy()).isEqualTo(Remedy.YIELD);
      assertThat(refused)
          .hasMessageStartingWith("lane is held by another process: lane=1 host=")
          .hasMessageContaining("pid=" + ProcessHandle.current().pid())
          .hasMessageContaining("since=");
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
    }
  }

  @Test
  @Tag("D2")
  @DisplayName("D2 a second process that waits gets the lane when the first gives it back")
  void secondTaker_waits() throws Exception {
    PostgresFixture lab = PostgresFixture.fresh();
    lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
    DatabaseSettings patient = TestDatabase.settings().withPatience(Duration.ofSeconds(30));
    try (PostgresStore second = PostgresStore.open(patient, lab.indexer, Failpoint.NONE);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<LaneStore> taken = threads.submit(() -> second.takeOver("1"));
      assertThatThrownBy(() -> taken.get(300, TimeUnit.MILLISECONDS))
          .isInstanceOf(TimeoutException.class);
      lab.close();
      assertThat(taken.get().opened().checkpoint()).isEqualTo(1);
      assertThat(taken.get().opened().epoch()).isEqualTo(2);
    }
  }

  @Test
  @Tag("D2")
  @DisplayName("D2 a holder whose sessions are gone has no lease, however long it would run")
  void goneHolder_hasNoLease() throws Exception {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      // On a busy machine the holder would have a new session, and its lease, before the others
      // look.
      TestDatabase.execute("UPDATE %s.millrace_lease SET epoch = -1".formatted(lab.schema));
      killSessions(lab);
      long began = System.nanoTime();
      DatabaseSettings patient = TestDatabase.settings().withPatience(Duration.ofSeconds(2));
      try (PostgresStore second = PostgresStore.open(patient, lab.indexer, Failpoint.NONE)) {
        assertThat(second.takeOver("1").opened().epoch()).isEqualTo(2);
      }
      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(2));
    }
  }

  @Test
  @Tag("D2")
  @DisplayName("D2 a holder is killed inside a COPY: the next has the lane within two seconds")
  void killedHolder_isFollowedWithinTwoSeconds() throws Exception {
    PostgresFixture.TestIndexer indexer =
        PostgresFixture.TestIndexer.of(
            TestDatabase.freshSchema(), PostgresFixture.TOKEN, PostgresFixture.NOTE);
    try (LeaseHolderProcess holder = LeaseHolderProcess.of(indexer.name())) {
      assertThat(failureOf(() -> new PostgresFixture(indexer, Failpoint.NONE)))
          .hasMessageContaining("pid=" + holder.pid());
      holder.kill();
      long killed = System.nanoTime();
      DatabaseSettings patient = TestDatabase.settings().withPatience(Duration.ofSeconds(2));
      try (PostgresFixture next = new PostgresFixture(indexer, Failpoint.NONE, patient)) {
        assertThat(Duration.ofNanos(System.nanoTime() - killed)).isLessThan(Duration.ofSeconds(2));
        assertThat(next.lane.opened().epoch()).isEqualTo(2);
        next.commit(next.batch(script -> script.save(token(3, "c", 3))));
        assertThat(next.tokens()).containsExactly("1|a|1", "3|c|3");
      }
    }
  }

  @Test
  @Tag("D2")
  @DisplayName("D2 a recorded session whose number belongs to somebody else now is left alone")
  void recycledPid_isLeftAlone() throws Exception {
    try (PostgresFixture lab = PostgresFixture.fresh();
        Connection bystander = TestDatabase.connect();
        Statement statement = bystander.createStatement()) {
      lab.lane.close();
      TestDatabase.execute(
          """
          UPDATE %s.millrace_lane SET backend_start = '2001-01-01', backend_pid =
            (SELECT pid FROM pg_stat_activity WHERE pid = %d)
          """
              .formatted(
                  lab.schema, bystander.unwrap(org.postgresql.PGConnection.class).getBackendPID()));
      try (PostgresFixture next = lab.again()) {
        assertThat(next.lane.opened().epoch()).isEqualTo(2);
        assertThat(statement.execute("SELECT 1")).isTrue();
      }
    }
  }

  @Test
  @Tag("D8")
  @DisplayName("D8 the lease runs by the database's clock and is renewed while a commit waits")
  void lease_isRenewedDuringALongCommit() throws Exception {
    DatabaseSettings quick = TestDatabase.settings().withLease(Duration.ofSeconds(2));
    Gate gate = new Gate(Failpoint.Point.BEFORE_COMMIT, 1);
    PostgresFixture.TestIndexer indexer =
        PostgresFixture.TestIndexer.of(TestDatabase.freshSchema(), PostgresFixture.TOKEN);
    try (PostgresFixture lab = new PostgresFixture(indexer, gate, quick);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        gate) {
      CommitGroup group = lab.group(lab.batch(script -> script.save(token(1, "a", 1))));
      Future<?> commit = threads.submit(() -> lab.lane.commit(group));
      gate.awaitReached();
      String renewed = "SELECT expires FROM %s.millrace_lease".formatted(lab.schema);
      List<String> first = TestDatabase.query(renewed);
      for (int changes = 0; changes < 6; ) {
        List<String> now = TestDatabase.query(renewed);
        changes += now.equals(first) ? 0 : 1;
        first = now;
        LockSupport.parkNanos(5_000_000);
      }
      assertThat(failureOf(() -> new PostgresFixture(indexer, Failpoint.NONE, quick)).remedy())
          .isEqualTo(Remedy.YIELD);
      gate.close();
      commit.get();
      assertThat(lab.tokens()).containsExactly("1|a|1");
    }
  }

  @Test
  @Tag("D11")
  @DisplayName("D11 a holder that commits nothing hears within the lease that its lane was taken")
  void lostLease_isReportedWithoutACommit() throws Exception {
    DatabaseSettings quick = TestDatabase.settings().withLease(Duration.ofSeconds(2));
    PostgresFixture.TestIndexer indexer =
        PostgresFixture.TestIndexer.of(TestDatabase.freshSchema(), PostgresFixture.TOKEN);
    try (PostgresFixture lab = new PostgresFixture(indexer, Failpoint.NONE, quick)) {
      CompletableFuture<MillraceException> lost = new CompletableFuture<>();
      lab.lane.onLost(lost::complete);
      TestDatabase.execute("UPDATE %s.millrace_lease SET epoch = -1".formatted(lab.schema));

      assertThat(lost.get(60, TimeUnit.SECONDS).remedy()).isEqualTo(Remedy.YIELD);
    }
  }

  @Test
  void lane_mustBeANumber() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      assertThat(failureOf(() -> lab.store.takeOver("mainnet")))
          .hasMessage("lane must be named by the number of its chain: lane=mainnet");
    }
  }
}
