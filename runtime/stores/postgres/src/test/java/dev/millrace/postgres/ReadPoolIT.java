package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loaders.EventId;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.LaneStore;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The connections for reads that the lanes of a process share. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
final class ReadPoolIT {
  private static final int SLOW_LANES = 4;

  @Test
  @Tag("D39")
  @DisplayName("D39 reads of four lanes that wait for a lock do not stop the fifth")
  void lane_readsWhileOthersWait() throws Exception {
    PostgresFixture.TestIndexer indexer =
        PostgresFixture.TestIndexer.of(
            TestDatabase.freshSchema(), PostgresFixture.TOKEN, PostgresFixture.NOTE);
    try (PostgresStore store =
            PostgresStore.open(TestDatabase.settings(), indexer, Failpoint.NONE);
        ExecutorService threads = Executors.newCachedThreadPool()) {
      List<LaneStore> lanes = new ArrayList<>();
      for (int i = 0; i <= SLOW_LANES; i++) {
        lanes.add(store.takeOver(Integer.toString(i + 1)));
      }
      List<Future<?>> slow = new ArrayList<>();
      try (Connection person = TestDatabase.connect();
          Statement lock = person.createStatement()) {
        person.setAutoCommit(false);
        lock.execute("LOCK TABLE %s.token IN ACCESS EXCLUSIVE MODE".formatted(indexer.name()));
        for (LaneStore lane : lanes.subList(0, SLOW_LANES)) {
          slow.add(threads.submit(() -> lane.reads().byIds(PostgresFixture.TOKEN, List.of(1L))));
        }
        awaitWaiting(indexer.name());

        LaneStore last = lanes.getLast();
        assertThat(last.reads().byIds(PostgresFixture.NOTE, List.of(EventId.of(1, 1)))).isEmpty();
        assertThat(last.epochHistory().epoch()).isEqualTo(last.opened().epoch());
        person.rollback();
      }
      for (Future<?> read : slow) {
        read.get();
      }
    }
  }

  private static void awaitWaiting(String schema) throws SQLException {
    String waiting =
        """
        SELECT count(*) FROM pg_stat_activity
         WHERE application_name = 'millrace %s reads' AND wait_event_type = 'Lock'
        """
            .formatted(schema);
    while (!TestDatabase.one(waiting).equals(Integer.toString(SLOW_LANES))) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
    }
  }
}
