package dev.millrace.postgres;

import static dev.millrace.postgres.PostgresFixture.TOKEN;
import static dev.millrace.postgres.PostgresFixture.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.loaders.EventId;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.ExecutedBatch;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.postgres.client.DatabaseSettings;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The claims of {@link CommitTransaction}, in the order of its steps: the lane's row is updated
 * first, and that update alone decides whether this process may write, whether an earlier try has
 * written, and whether the database is where the lane has left it. {@code CommitProtocolTest} holds
 * the same claims of the lane, over a store in memory.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
final class CommitProtocolIT {
  private static MillraceException failureOf(Runnable work) {
    return catchThrowableOfType(MillraceException.class, work::run);
  }

  private static void terminate(PostgresFixture lab) throws Exception {
    TestDatabase.execute(
        "SELECT pg_terminate_backend(backend_pid) FROM %s.millrace_lane".formatted(lab.schema));
  }

  private static int backend(PostgresFixture lab) throws Exception {
    return Integer.parseInt(
        TestDatabase.one("SELECT backend_pid FROM %s.millrace_lane".formatted(lab.schema)));
  }

  // The first update: may this process write?

  @Test
  @Tag("D3")
  @DisplayName("D3 the next commit of a holder that was passed over changes nothing")
  void fencedHolder_changesNothing() throws Exception {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      CommitGroup late = lab.group(lab.batch(script -> script.save(token(1, "late", 9))));
      TakeoverIT.silence(lab);
      try (PostgresFixture next = lab.again()) {
        next.commit(next.batch(script -> script.save(token(2, "b", 2))));
        assertThat(fenced(lab, late))
            .hasMessageStartingWith("lane was taken over by another process: lane=1");
        assertThat(next.tokens()).containsExactly("1|a|1", "2|b|2");
        next.commit(next.batch(script -> script.save(token(3, "c", 3))));
      }
    }
  }

  @Test
  @Tag("D34")
  @DisplayName("D34 a holder that was stopped before a reset changes nothing of what follows")
  void holderFromBeforeAReset_changesNothing() throws Exception {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      CommitGroup late = lab.group(lab.batch(script -> script.save(token(1, "late", 9))));
      TakeoverIT.silence(lab);
      assertThat(PostgresStore.reset(TestDatabase.settings(), lab.schema)).isTrue();
      try (PostgresFixture next = new PostgresFixture(lab.indexer, Failpoint.NONE)) {
        assertThat(fenced(lab, late)).hasMessageContaining("lane=1");
        assertThat(next.tokens()).isEmpty();
        next.commit(next.batch(script -> script.save(token(2, "b", 2))));
        assertThat(next.tokens()).containsExactly("2|b|2");
      }
    }
  }

  @Test
  @Tag("D35")
  @DisplayName("D35 a holder that was stopped before a change was accepted commits no more")
  void holderFromBeforeAnAcceptedChange_changesNothing() throws Exception {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      CommitGroup late = lab.group(lab.batch(script -> script.save(token(1, "late", 9))));
      TakeoverIT.silence(lab);
      PostgresFixture.TestIndexer changed =
          new PostgresFixture.TestIndexer(
              lab.schema, lab.indexer.entities(), new TreeMap<>(Map.of("chain 1 from", "7")));

      assertThat(PostgresStore.accept(TestDatabase.settings(), changed)).isNotEmpty();

      assertThat(fenced(lab, late)).hasMessageContaining("lane=1");
      try (PostgresFixture next = new PostgresFixture(changed, Failpoint.NONE)) {
        assertThat(next.tokens()).isEmpty();
      }
    }
  }

  /** Commits over an ended session, and again over a new one, which must not pass the fence. */
  private static MillraceException fenced(PostgresFixture lab, CommitGroup late) {
    MillraceException first = failureOf(() -> lab.lane.commit(late));
    MillraceException failure =
        first.remedy() == Remedy.RETRY ? failureOf(() -> lab.lane.commit(late)) : first;
    assertThat(failure.remedy()).isEqualTo(Remedy.YIELD);
    return failure;
  }

  // The first update: is the lane where its last commit has left it?

  @Test
  @Tag("A51")
  @DisplayName("A51 a lane's row that stands before the commit and is not updated: tried again")
  void laneRow_thatIsNotUpdatedThoughItIsNextIsTriedAgain() throws Exception {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      CommitGroup group = lab.group(lab.batch(script -> script.save(token(1, "b", 2))));
      TestDatabase.execute(
          """
          CREATE FUNCTION %1$s.keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
          CREATE TRIGGER keep BEFORE UPDATE OF commit ON %1$s.millrace_lane
             FOR EACH ROW EXECUTE FUNCTION %1$s.keep()
          """
              .formatted(lab.schema));

      MillraceException lost = failureOf(() -> lab.lane.commit(group));

      assertThat(lost).hasMessage("commit lost a race for its lane: commit=2");
      assertThat(lost.remedy()).isEqualTo(Remedy.RETRY);
      assertThat(lab.tokens()).containsExactly("1|a|1");
      TestDatabase.execute("DROP TRIGGER keep ON %s.millrace_lane".formatted(lab.schema));
      assertThat(lab.commitWithRetries(group)).isZero();
      assertThat(lab.tokens()).containsExactly("1|b|2");
    }
  }

  @ParameterizedTest(name = "D20 commit 3 meets a database whose last commit is {0}: refused")
  @ValueSource(longs = {0, 1, 3, 9})
  @Tag("D20")
  void lane_thatIsElsewhereIsRefused(long last) throws Exception {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      lab.commit(lab.batch(script -> script.save(token(1, "b", 2))));
      ExecutedBatch third = lab.batch(script -> script.save(token(1, "c", 3)));
      ExecutedBatch fourth = lab.batch(script -> script.save(token(2, "d", 4)));
      TestDatabase.execute("UPDATE %s.millrace_lane SET commit = %d".formatted(lab.schema, last));

      // Commit 3 is taken for its own earlier try where the lane says 3, hence one that skips it.
      CommitGroup group = last == 3 ? new CommitGroup(5, List.of(fourth)) : lab.group(third);
      MillraceException refused = failureOf(() -> lab.lane.commit(group));

      assertThat(refused)
          .hasMessage(
              "database is not where this lane has left it, as after a failover that lost commits: "
                  + "commit=%d last=%d".formatted(group.number(), last));
      assertThat(refused.remedy()).isEqualTo(Remedy.RESTART);
      assertThat(lab.tokens()).containsExactly("1|b|2");
    }
  }

  // The first update: has an earlier try of ours succeeded?

  @Test
  @Tag("A20")
  @DisplayName("A20 the answer to COMMIT is lost although it succeeded")
  void lostAnswer_isFoundByTheNumber() throws Exception {
    PostgresFixture.TestIndexer indexer =
        PostgresFixture.TestIndexer.of(TestDatabase.freshSchema(), TOKEN, PostgresFixture.NOTE);
    DatabaseSettings direct = TestDatabase.settings();
    try (PostgresCuttingProxy proxy = new PostgresCuttingProxy(direct.url())) {
      Failpoint cut =
          (point, number) -> {
            if (point == Failpoint.Point.BEFORE_COMMIT && number == 2) {
              proxy.cutAfterNextRequest();
            }
          };
      DatabaseSettings through =
          DatabaseSettings.of(proxy.url(), direct.user(), direct.password())
              .withPatience(Duration.ZERO);
      try (PostgresFixture lab = new PostgresFixture(indexer, cut, through)) {
        lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
        CommitGroup group =
            lab.group(
                lab.batch(script ->
                    script
                        .save(token(1, "b", 2))
                        .save(new PostgresFixture.Note(EventId.of(1, 1), "once"))));
        MillraceException lost =
            catchThrowableOfType(MillraceException.class, () -> lab.lane.commit(group));
        assertThat(lost.remedy()).isEqualTo(Remedy.RETRY);
        awaitCommit(lab, 2);
        String before = TestDatabase.one("SELECT xmin FROM %s.token".formatted(lab.schema));
        lab.lane.commit(group);
        lab.committed(group);
        assertThat(TestDatabase.one("SELECT xmin FROM %s.token".formatted(lab.schema)))
            .as("nothing is written twice")
            .isEqualTo(before);
        lab.commit(lab.batch(script -> script.save(token(2, "c", 3))));
        assertThat(lab.tokens()).containsExactly("1|b|2", "2|c|3");
        assertThat(lab.rows("note", "text")).containsExactly("once");
      }
    }
  }

  private static void awaitCommit(PostgresFixture lab, long number) throws Exception {
    String sql = "SELECT commit FROM %s.millrace_lane".formatted(lab.schema);
    while (!TestDatabase.one(sql).equals(Long.toString(number))) {
      LockSupport.parkNanos(5_000_000);
    }
  }

  // From the first row to COMMIT: nothing is seen, and nothing is left of a commit that ends.

  @ParameterizedTest(name = "A1 at {0} nothing of a group can be seen")
  @EnumSource(
      value = Failpoint.Point.class,
      names = {"DURING_COPY", "AFTER_WRITES", "BEFORE_COMMIT"})
  @Tag("A1")
  void group_isSeenAtItsCommit(Failpoint.Point where) throws Exception {
    Gate gate = new Gate(where, 2);
    try (PostgresFixture lab = PostgresFixture.fresh(gate);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        gate) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      CommitGroup group =
          lab.group(
              lab.batch(script ->
                  script
                      .save(token(1, "b", 2))
                      .save(token(2, "c", 3))
                      .save(new PostgresFixture.Note(EventId.of(2, 2), "new"))));
      Future<?> commit = threads.submit(() -> lab.lane.commit(group));
      gate.awaitReached();

      assertThat(lab.tokens()).containsExactly("1|a|1");
      assertThat(lab.rows("note", "text")).isEmpty();
      assertThat(lab.rows("millrace_lane", "commit, checkpoint")).containsExactly("1|1");

      gate.close();
      commit.get();
      assertThat(lab.tokens()).containsExactly("1|b|2", "2|c|3");
      assertThat(lab.rows("note", "text")).containsExactly("new");
      assertThat(lab.rows("millrace_lane", "commit, checkpoint")).containsExactly("2|2");
    }
  }

  @Test
  @Tag("C4")
  @DisplayName("C4 an id saved twice inside the window: nothing is committed, the row is named")
  void commit_namesTheDuplicateOfAReversibleBatch() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      ExecutedBatch batch =
          lab.reversible(script ->
              script
                  .save(new PostgresFixture.Note(EventId.of(1, 9), "a"))
                  .save(new PostgresFixture.Note(EventId.of(1, 3), "b"))
                  .save(new PostgresFixture.Note(EventId.of(1, 7), "c"))
                  .save(new PostgresFixture.Note(EventId.of(1, 3), "d")));
      assertThatThrownBy(() -> lab.lane.commit(lab.group(batch)))
          .isInstanceOf(MillraceException.class)
          .hasMessageContaining("row is saved twice: table=note key=1-3")
          .hasMessageContaining("logIndex=3 handler=Lab.save");
      assertThat(lab.rows("note", "id")).isEmpty();
    }
  }

  @ParameterizedTest(name = "A9 the session ends at {0}")
  @EnumSource(
      value = Failpoint.Point.class,
      names = {"BEFORE_BEGIN", "DURING_COPY", "AFTER_WRITES", "BEFORE_COMMIT", "AFTER_COMMIT"})
  @Tag("A9")
  void endedSession_isReplaced(Failpoint.Point where) throws Exception {
    PostgresFixture[] self = new PostgresFixture[1];
    boolean[] fired = new boolean[1];
    Failpoint fault =
        (point, number) -> {
          if (point == where && number == 2 && !fired[0]) {
            fired[0] = true;
            try {
              terminate(self[0]);
            } catch (Exception failed) {
              throw new AssertionError(failed);
            }
          }
        };
    try (PostgresFixture lab = PostgresFixture.fresh(fault)) {
      self[0] = lab;
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1)).save(token(2, "b", 2))));
      int before = backend(lab);
      int failures =
          lab.commitWithRetries(
              lab.group(
                  lab.batch(script ->
                      script.save(token(1, "z", 9)).delete(TOKEN, 2L).save(token(3, "c", 3)))));
      assertThat(failures).isEqualTo(where == Failpoint.Point.AFTER_COMMIT ? 0 : 1);
      lab.commitWithRetries(lab.group(lab.batch(script -> script.save(token(4, "d", 4)))));
      assertThat(lab.tokens()).containsExactly("1|z|9", "3|c|3", "4|d|4");
      assertThat(backend(lab)).as("the new session is on record").isNotEqualTo(before);
    }
  }

  @ParameterizedTest(name = "D3 a holder that stands still at {0} loses its locks and its epoch")
  @EnumSource(
      value = Failpoint.Point.class,
      names = {"DURING_COPY", "AFTER_WRITES", "BEFORE_COMMIT"})
  @Tag("D3")
  void holderInsideItsCommit_isEnded(Failpoint.Point where) throws Exception {
    Gate gate = new Gate(where, 2);
    try (PostgresFixture lab = PostgresFixture.fresh(gate);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        gate) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      CommitGroup held = lab.group(lab.batch(CommitProtocolIT::manyRows));
      Future<MillraceException> end = threads.submit(() -> failureOf(() -> lab.lane.commit(held)));
      gate.awaitReached();
      if (where == Failpoint.Point.DURING_COPY) {
        awaitCopy(lab);
      }
      TakeoverIT.silence(lab);
      try (PostgresFixture next = lab.again()) {
        next.commit(next.batch(script -> script.save(token(2, "b", 2))));
        gate.close();
        assertThat(end.get().remedy()).isIn(Remedy.RETRY, Remedy.YIELD);
        assertThat(failureOf(() -> lab.lane.commit(held)).remedy()).isEqualTo(Remedy.YIELD);
        assertThat(next.tokens()).containsExactly("1|a|1", "2|b|2");
        assertThat(next.rows("millrace_epoch", "epoch, last_checkpoint"))
            .containsExactly("1|1", "2|null");
      }
    }
  }

  /** Saves more rows than one message of a COPY holds, and a row that exists already. */
  private static void manyRows(PostgresFixture.Script script) {
    script.save(token(1, "held", 9));
    for (int id = 10; id < 5_000; id++) {
      script.save(token(id, "held until the lane is somebody else's", 9));
    }
  }

  /** Waits until the server has bytes of a COPY into the table but not its end. */
  private static void awaitCopy(PostgresFixture lab) throws SQLException {
    String progress =
        """
        SELECT count(*) FROM pg_stat_progress_copy
         WHERE relid = '%s.token'::regclass AND bytes_processed > 0
        """
            .formatted(lab.schema);
    while (!TestDatabase.one(progress).equals("1")) {
      LockSupport.parkNanos(5_000_000); // the class has a timeout
    }
  }

  @Test
  @Tag("A15")
  @DisplayName("A15 closing a lane breaks off its commit, and PostgreSQL rolls it back")
  void close_breaksOffACommit() throws Exception {
    Gate gate = new Gate(Failpoint.Point.BEFORE_COMMIT, 1);
    try (PostgresFixture lab = PostgresFixture.fresh(gate);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        gate) {
      CommitGroup group = lab.group(lab.batch(script -> script.save(token(1, "a", 1))));
      Future<MillraceException> end = threads.submit(() -> failureOf(() -> lab.lane.commit(group)));
      gate.awaitReached();
      lab.lane.close();
      gate.close();
      assertThat(end.get().remedy()).isEqualTo(Remedy.RESTART);
      try (PostgresFixture next = lab.again()) {
        assertThat(next.tokens()).isEmpty();
        assertThat(next.lane.opened().commit()).isZero();
      }
    }
  }
}
