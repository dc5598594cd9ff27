package dev.millrace.postgres;

import static dev.millrace.postgres.PostgresFixture.TOKEN;
import static dev.millrace.postgres.PostgresFixture.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.postgres.client.DatabaseSettings;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Requests that take longer than a server may be silent. The limit is one second here; as a socket
 * timeout it was minutes.
 */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
final class SlowRequestIT {
  private static final Duration SILENCE = Duration.ofSeconds(1);

  private static PostgresFixture impatient() {
    return new PostgresFixture(
        PostgresFixture.TestIndexer.of(TestDatabase.freshSchema(), TOKEN, PostgresFixture.NOTE),
        Failpoint.NONE,
        TestDatabase.settings().withSilence(SILENCE));
  }

  /** Opens another session with a lock on the tokens. */
  private static Connection lock(PostgresFixture lab, String mode) throws SQLException {
    Connection other = TestDatabase.connect();
    other.setAutoCommit(false);
    try (Statement statement = other.createStatement()) {
      statement.execute("SET application_name = 'somebody'");
      statement.execute("LOCK TABLE %s.token IN %s MODE".formatted(lab.schema, mode));
    }
    return other;
  }

  /** Waits until the lane names the wait and it is four times as long as the allowed silence. */
  private static void awaitWait(PostgresFixture lab, String doing) {
    String words =
        doing + ", waiting for a lock held by pid \\d+ \\(somebody\\), ([4-9]|\\d\\d+) s";
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!lab.lane.waitingFor().matches(words) && System.nanoTime() - deadline < 0) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
    }
    assertThat(lab.lane.waitingFor()).matches(words);
  }

  @Test
  @Tag("D13")
  @DisplayName("D13 an index build that waits for a lock goes on, says so, and keeps nobody out")
  void build_outlastsTheSilenceOfTheServer() throws Exception {
    try (PostgresFixture lab = impatient();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      Future<?> build;
      try (Connection other = lock(lab, "ROW EXCLUSIVE")) {
        build = threads.submit(() -> lab.lane.buildDeferredIndexes());
        awaitWait(lab, "building index token\\.owner");
        StoreStatus status =
            PostgresStore.status(TestDatabase.settings(), lab.schema).orElseThrow();
        assertThat(status.slow())
            .singleElement()
            .asString()
            .startsWith("commits 1, building index token.owner, waiting for a lock held by pid ")
            .contains("(somebody)");
        assertThat(
                catchThrowableOfType(
                        MillraceException.class,
                        () -> PostgresStore.reset(TestDatabase.settings(), lab.schema))
                    .remedy())
            .as("a reset is refused, not kept waiting")
            .isEqualTo(Remedy.YIELD);
        PostgresStore.open(TestDatabase.settings(), lab.indexer, Failpoint.NONE).close();
        assertThat(build.isDone()).isFalse();
        other.rollback();
      }
      build.get();
      assertThat(
              TestDatabase.query(
                  "SELECT indexname FROM pg_indexes WHERE schemaname = '%s' AND tablename = 'token'"
                      .formatted(lab.schema)))
          .containsExactlyInAnyOrder("token_pkey", "token.owner");
      assertThat(lab.lane.waitingFor()).isEmpty();
    }
  }

  @Test
  @Tag("D14")
  @DisplayName("D14 a commit that waits for a lock goes on, and says who holds it")
  void commit_outlastsTheSilenceOfTheServer() throws Exception {
    try (PostgresFixture lab = impatient();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      CommitGroup group = lab.group(lab.batch(script -> script.save(token(2, "b", 2))));
      Future<?> commit;
      try (Connection other = lock(lab, "SHARE")) {
        commit = threads.submit(() -> lab.lane.commit(group));
        awaitWait(lab, "commit 2");
        other.rollback();
      }
      commit.get();
      lab.committed(group);
      assertThat(lab.tokens()).containsExactly("1|a|1", "2|b|2");
    }
  }

  @Test
  @Tag("D15")
  @DisplayName("D15 a read that waits goes on; one whose server has fallen silent ends")
  void read_outlastsTheSilenceOfTheServer() throws Exception {
    PostgresFixture.TestIndexer indexer =
        PostgresFixture.TestIndexer.of(TestDatabase.freshSchema(), TOKEN);
    DatabaseSettings direct = TestDatabase.settings();
    try (PostgresCuttingProxy proxy = new PostgresCuttingProxy(direct.url());
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      DatabaseSettings through =
          DatabaseSettings.of(proxy.url(), direct.user(), direct.password())
              .withPatience(Duration.ZERO)
              .withSilence(SILENCE);
      try (PostgresFixture lab = new PostgresFixture(indexer, Failpoint.NONE, through)) {
        lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
        Future<List<PostgresFixture.Token>> read;
        try (Connection other = lock(lab, "ACCESS EXCLUSIVE")) {
          read = threads.submit(() -> lab.lane.reads().byIds(TOKEN, List.of(1L)));
          awaitWait(lab, "reading table token");
          other.rollback();
        }
        assertThat(read.get()).containsExactly(token(1, "a", 1));

        CommitGroup group = lab.group(lab.batch(script -> script.save(token(2, "b", 2))));
        proxy.fallSilent();
        MillraceException silent =
            catchThrowableOfType(MillraceException.class, () -> lab.lane.commit(group));
        assertThat(silent.remedy()).isEqualTo(Remedy.RETRY);
      }
    }
  }

  @Test
  @Tag("D24")
  @DisplayName("D24 a pooler that numbers sessions itself: a slow request is watched all the same")
  void commit_isWatchedBehindAPooler() throws Exception {
    PostgresFixture.TestIndexer indexer =
        PostgresFixture.TestIndexer.of(TestDatabase.freshSchema(), TOKEN);
    DatabaseSettings direct = TestDatabase.settings();
    try (PostgresCuttingProxy pooler = new PostgresCuttingProxy(direct.url()).renumbering();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        PostgresFixture lab =
            new PostgresFixture(
                indexer,
                Failpoint.NONE,
                DatabaseSettings.of(pooler.url(), direct.user(), direct.password())
                    .withSilence(SILENCE))) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      CommitGroup group = lab.group(lab.batch(script -> script.save(token(2, "b", 2))));
      Future<?> commit;
      try (Connection other = lock(lab, "SHARE")) {
        commit = threads.submit(() -> lab.lane.commit(group));
        awaitWait(lab, "commit 2");
        other.rollback();
      }
      commit.get();
      lab.committed(group);
      assertThat(lab.tokens()).containsExactly("1|a|1", "2|b|2");
    }
  }

  @Test
  @Tag("D25")
  @DisplayName("D25 a snapshot that the server is silent about goes on")
  void snapshot_outlastsTheSilenceOfTheServer() throws Exception {
    try (PostgresFixture lab = impatient();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      List<PostgresFixture.Token> found = new CopyOnWriteArrayList<>();
      Future<?> read;
      try (Connection other = lock(lab, "ACCESS EXCLUSIVE")) {
        read =
            threads.submit(() -> {
              try (PostgresSnapshot snapshot =
                  PostgresSnapshot.open(TestDatabase.settings().withSilence(SILENCE), lab.indexer)
                      .orElseThrow()) {
                snapshot.rows(TOKEN, "1", found::add);
              }
            });
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (waiting(lab) < 4 && System.nanoTime() - deadline < 0) {
          LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
        assertThat(waiting(lab)).isGreaterThanOrEqualTo(4);
        other.rollback();
      }
      read.get();
      assertThat(found).containsExactly(token(1, "a", 1));
    }
  }

  /** Returns the seconds that the snapshot has waited for its lock. */
  private static long waiting(PostgresFixture lab) throws SQLException {
    return TestDatabase.query(
            """
            SELECT coalesce(max(extract(epoch FROM clock_timestamp() - query_start)), 0)::bigint
              FROM pg_stat_activity
             WHERE application_name = 'millrace %s snapshot' AND wait_event_type = 'Lock'
            """
                .formatted(lab.schema))
        .stream()
        .mapToLong(Long::parseLong)
        .sum();
  }
}
