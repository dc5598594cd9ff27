package dev.millrace.postgres;

import static dev.millrace.postgres.PostgresFixture.EARLY;
import static dev.millrace.postgres.PostgresFixture.LATE;
import static dev.millrace.postgres.PostgresFixture.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.TriggerMoment;
import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.Failpoint;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Triggers are committed with the rows of their events, and undone with them. */
final class TriggerOutboxIT {
  private static final String COLUMNS = "block, log_index, ordinal, job, input, run, is_recall";

  /** Work in a transaction of the relay. */
  @FunctionalInterface
  private interface Work<T> {
    T run(Connection connection, TriggerOutbox outbox) throws SQLException;
  }

  private static <T> T transaction(PostgresFixture lab, Work<T> work) throws SQLException {
    try (Connection connection = TestDatabase.connect()) {
      connection.setAutoCommit(false);
      TriggerOutbox outbox = new TriggerOutbox(lab.schema, "1");
      outbox.lock(connection);
      T result = work.run(connection, outbox);
      connection.commit();
      return result;
    }
  }

  private static List<String> due(PostgresFixture lab, TriggerMoment moment) throws SQLException {
    return transaction(
        lab,
        (connection, outbox) ->
            outbox.due(connection, moment, 100).stream()
                .map(entry -> entry.trigger().job() + entry.trigger().input())
                .toList());
  }

  @Test
  @Tag("J28")
  void finalizedTrigger_isDueOnceNoRewindReachesItsBlock() throws Exception {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1)).trigger(LATE, 1)));
      assertThat(due(lab, TriggerMoment.FINALIZED)).containsExactly("late1");
      lab.finalTo(1);
      lab.commit(
          lab.reversible(
              script -> script.trigger(LATE, 2).block().trigger(LATE, 3).trigger(EARLY, 4)));
      assertThat(due(lab, TriggerMoment.FINALIZED)).containsExactly("late1");
      assertThat(due(lab, TriggerMoment.COMMITTED)).containsExactly("early4");
      lab.finalTo(2);
      lab.commit(lab.reversible(script -> script.save(token(2, "a", 1))));
      assertThat(due(lab, TriggerMoment.FINALIZED)).containsExactly("late1", "late2");
    }
  }

  @Test
  @Tag("J28")
  void rewind_deletesTriggersAndRecallsThoseWithARun() throws Exception {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.trigger(EARLY, 1)));
      lab.finalTo(1);
      lab.commit(
          lab.reversible(script -> script.trigger(EARLY, 2)),
          lab.reversible(script -> script.trigger(EARLY, 3).trigger(LATE, 4)));
      transaction(
          lab,
          (connection, outbox) -> {
            List<TriggerOutbox.Entry> entries = outbox.due(connection, TriggerMoment.COMMITTED, 2);
            outbox.relayed(connection, entries, List.of(71L, 72L));
            outbox.deleteFinal(connection);
            return true;
          });
      assertThat(lab.rows("millrace_trigger", COLUMNS))
          .containsExactly("2|0|0|early|2|72|f", "3|0|0|early|3|null|f", "3|1|0|late|4|null|f");

      lab.rewind(1);
      assertThat(lab.rows("millrace_trigger", COLUMNS)).containsExactly("2|0|0|early||72|t");
      lab.commit(lab.reversible(script -> script.trigger(EARLY, 5)));
      lab.rewind(1);
      assertThat(lab.rows("millrace_trigger", COLUMNS)).containsExactly("2|0|0|early||72|t");
      assertThat(due(lab, TriggerMoment.COMMITTED)).isEmpty();
      transaction(
          lab,
          (connection, outbox) -> {
            List<TriggerOutbox.Entry> recalls = outbox.recalls(connection, 10);
            assertThat(recalls).extracting(entry -> entry.run().orElseThrow()).containsExactly(72L);
            outbox.delete(connection, recalls);
            return true;
          });
      assertThat(lab.rows("millrace_trigger", COLUMNS)).isEmpty();
    }
  }

  @Test
  @Tag("J28")
  void readerThatHangs_holdsUpNoRewindAndRelaysNothingThatIsUndone() throws Exception {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.trigger(LATE, 1)));
      lab.finalTo(1);
      lab.commit(lab.reversible(script -> script.trigger(EARLY, 2)));
      transaction(
          lab,
          (connection, outbox) -> {
            List<TriggerOutbox.Entry> entries = outbox.due(connection, TriggerMoment.COMMITTED, 9);
            assertThat(entries).hasSize(1);

            lab.rewind(1); // waits for no lock of the reader

            assertThatThrownBy(() -> outbox.hold(connection, entries))
                .isInstanceOf(SQLException.class)
                .hasMessageContaining("a rewind has undone triggers");
            connection.rollback();
            return true;
          });
      assertThat(lab.rows("millrace_trigger", "input")).containsExactly("1");
    }
  }

  @Test
  @Tag("J28")
  void largeInputs_areReadInPortionsOfTheirBytes() throws Exception {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(
          lab.batch(script -> {
            for (int i = 0; i < 4; i++) {
              script.trigger(LATE, i);
            }
          }));
      lab.finalTo(1);
      TestDatabase.execute(
          "UPDATE %s.millrace_trigger SET input = repeat('7', 3000000)".formatted(lab.schema));

      assertThat(due(lab, TriggerMoment.FINALIZED)).hasSize(2);
      TestDatabase.execute(
          "UPDATE %s.millrace_trigger SET input = repeat('7', 9000000)".formatted(lab.schema));
      assertThat(due(lab, TriggerMoment.FINALIZED)).hasSize(1);
    }
  }

  @Test
  @Tag("J28")
  void lostReplyAndFailedTry_leaveEachTriggerOnce() {
    AtomicInteger failures = new AtomicInteger();
    Failpoint failing =
        (point, _) -> {
          boolean isAsked =
              point == Failpoint.Point.AFTER_WRITES || point == Failpoint.Point.AFTER_COMMIT;
          if (isAsked && failures.incrementAndGet() <= 2) {
            throw new MillraceException(Remedy.RETRY, "trouble: point=" + point);
          }
        };
    try (PostgresFixture lab = PostgresFixture.fresh(failing)) {
      CommitGroup group = lab.group(lab.batch(script -> script.trigger(LATE, 1).trigger(LATE, 2)));
      assertThat(lab.commitWithRetries(group)).isEqualTo(2);
      assertThat(lab.rows("millrace_trigger", "log_index, input")).containsExactly("0|1", "1|2");
    }
  }

  @Test
  void schemaOfVersion4_isBroughtUpToDate() throws Exception {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 1))));
      lab.end();
      TestDatabase.execute(
          "DROP TABLE %s.millrace_trigger".formatted(lab.schema),
          "UPDATE %s.millrace_schema SET version = 4".formatted(lab.schema));
      assertThat(PostgresStore.status(TestDatabase.settings(), lab.schema)).isPresent();
      try (PostgresFixture next = lab.again()) {
        next.commit(next.reversible(script -> script.trigger(LATE, 1)));
        assertThat(next.rows("millrace_trigger", "block, input")).containsExactly("2|1");
        next.end();
        assertThat(PostgresStore.reset(TestDatabase.settings(), lab.schema)).isTrue();
      }
    }
  }
}
