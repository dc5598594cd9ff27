package dev.millrace.clickhouse;

import static dev.millrace.clickhouse.ClickHouseFixture.token;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.clickhouse.client.ClickHouseDatabase;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@Timeout(120)
@ExtendWith(TestClickHouse.WhereItCanRun.class)
final class MirrorViewsIT {
  private static final String JOINED =
      "SELECT a.amount, b.amount, g.value, c.checkpoint FROM token AS a JOIN token AS b ON b.id = 2"
          + " JOIN gauge AS g ON g.id = 1"
          + " JOIN (SELECT max(checkpoint) AS checkpoint FROM millrace_checkpoints) AS c ON 1"
          + " WHERE a.id = 1";

  private static List<Object> same(long value) {
    return List.of(
        token(1, "a", value), token(2, "b", value), new ClickHouseFixture.Gauge(1, value));
  }

  @Test
  @Tag("K5")
  @DisplayName("K5 a reader whose query begins before a commit and learns the ends after it")
  void readers_learnTheEndsBeforeTheyFixWhatTheyRead() throws Exception {
    try (ClickHouseFixture lab = ClickHouseFixture.fresh();
        var readers = Executors.newVirtualThreadPerTaskExecutor()) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      run.commit(true, same(1));
      // The ends are slow: a query stops before it reads them, and reports its progress.
      TestClickHouse.execute(
          lab.settings,
          "RENAME TABLE millrace_ends TO true_ends",
          "CREATE VIEW all_ends AS SELECT * FROM true_ends",
          "CREATE VIEW millrace_ends AS SELECT * FROM all_ends WHERE (SELECT sleep(2)) = 0");
      Future<List<String>> read = readers.submit(() -> lab.query(JOINED));
      awaitQuery(lab, "JOIN gauge");
      var group = run.group(run.batch(true, same(2)));
      run.lane.insert(group);
      run.commit(group);
      TestClickHouse.execute(
          lab.settings,
          "INSERT INTO true_ends (chain, epoch, end, by, commit) VALUES (1, 1, 2, 1, 2)");

      assertThat(read.get(60, TimeUnit.SECONDS)).containsExactly("2|2|2|2");
    }
  }

  static void awaitQuery(ClickHouseFixture lab, String part) {
    String sql =
        "SELECT query_id FROM system.processes WHERE query LIKE '%%%s%%' AND query NOT LIKE '%%processes%%'"
            .formatted(part);
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (lab.query(sql).isEmpty()) {
      assertThat(System.nanoTime()).as("query is seen to run: " + part).isLessThan(until);
      LockSupport.parkNanos(10_000_000);
    }
  }

  @Test
  @Tag("K5")
  @DisplayName("K5 readers of joined views during commits and rewinds see one cut")
  void readers_seeWholeCommitsOnly() throws Exception {
    try (ClickHouseFixture lab = ClickHouseFixture.fresh();
        var readers = Executors.newVirtualThreadPerTaskExecutor()) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      run.commit(true, same(1));
      List<Future<List<String>>> reading = new ArrayList<>();
      var over = new java.util.concurrent.atomic.AtomicBoolean();
      for (int i = 0; i < 2; i++) {
        reading.add(
            readers.submit(() -> {
              List<String> seen = new ArrayList<>();
              try (ClickHouseDatabase server = new ClickHouseDatabase(lab.settings)) {
                while (!over.get()) {
                  seen.addAll(TestClickHouse.query(server, JOINED));
                }
              }
              return seen;
            }));
      }
      for (int round = 0; round < 40; round++) {
        long next = run.book.checkpoint + 1;
        run.commit(true, same(next));
        if (round % 5 == 4) {
          run.openEpoch(next - 2);
        }
      }
      over.set(true);
      for (Future<List<String>> each : reading) {
        List<String> seen = each.get(60, TimeUnit.SECONDS);
        assertThat(seen).isNotEmpty();
        assertThat(seen)
            .allMatch(row -> List.of(row.split("\\|")).stream().distinct().count() == 1);
      }
    }
  }

  @Test
  void ends_areAskedForOncePerQuery() {
    try (ClickHouseFixture lab = ClickHouseFixture.fresh()) {
      lab.run(lab.book("1")).follow().commit(true, same(1));
      String marked = JOINED + " AND 'ends_areAskedForOncePerQuery' != ''";

      assertThat(lab.query(marked)).containsExactly("1|1|1|1");

      // The server enters a query into its log after it has answered it.
      List<String> misses = List.of();
      while (misses.isEmpty()) {
        lab.query("SYSTEM FLUSH LOGS query_log");
        misses =
            lab.query(
                "SELECT ProfileEvents['ScalarSubqueriesCacheMiss'] FROM system.query_log WHERE type"
                    + " = 'QueryFinish' AND current_database = currentDatabase()"
                    + " AND query LIKE '%ends_areAskedForOncePer%' AND query NOT LIKE '%query_log%'");
      }
      assertThat(misses).containsExactly("1");
    }
  }

  @Test
  void filtersOnTheId_reachTheKey() {
    try (ClickHouseFixture lab = ClickHouseFixture.fresh()) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      run.commit(
          true,
          LongStream.range(0, 100_000)
              .mapToObj(id -> new ClickHouseFixture.Token(id, null, BigInteger.ONE))
              .toList());

      assertThat(granules(lab, "SELECT * FROM token WHERE id = 777")).isEqualTo("Granules: 1/12");
      assertThat(granules(lab, "SELECT * FROM token WHERE chain = 1 AND id IN (7, 8)"))
          .isEqualTo("Granules: 1/12");
      assertThat(granules(lab, "SELECT * FROM token_at(chain = 1, checkpoint = 1) WHERE id = 777"))
          .isEqualTo("Granules: 1/12");
      assertThat(granules(lab, "SELECT * FROM token_history WHERE id = 777"))
          .isEqualTo("Granules: 1/12");
      assertThat(lab.query("SELECT id FROM token WHERE id = 777")).containsExactly("777");
    }
  }

  private static String granules(ClickHouseFixture lab, String sql) {
    return lab.query("SELECT explain FROM (EXPLAIN indexes = 1 %s)".formatted(sql)).stream()
        .map(String::strip)
        .filter(line -> line.startsWith("Granules"))
        .toList()
        .getLast();
  }
}
