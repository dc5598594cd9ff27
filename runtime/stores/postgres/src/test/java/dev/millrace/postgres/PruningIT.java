package dev.millrace.postgres;

import static dev.millrace.postgres.PostgresFixture.TOKEN;
import static dev.millrace.postgres.PostgresFixture.token;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Frontier;
import dev.millrace.pipeline.Source;
import dev.millrace.postgres.client.DatabaseSettings;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The data that is deleted when blocks become final, which no rewind needs. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
final class PruningIT {
  private static List<String> history(PostgresFixture lab) {
    return lab.rows("millrace_undo_token", "millrace_checkpoint, id");
  }

  private static List<String> blocks(PostgresFixture lab) {
    return lab.rows("millrace_block", "number, checkpoint");
  }

  @Test
  @Tag("E11")
  @DisplayName("E11 history of final blocks goes while its rows are written, and a reorg restores")
  void history_ofFinalBlocksGoes() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.save(token(1, "a", 0))));
      for (int block = 2; block <= 6; block++) {
        int amount = block;
        lab.finalTo(block - 3);
        lab.commit(lab.reversible(script -> script.save(token(1, "a", amount))));
      }
      assertThat(history(lab)).containsExactly("4|1", "5|1", "6|1");
      assertThat(blocks(lab)).containsExactly("3|3", "4|4", "5|5", "6|6");
      assertThat(lab.rows("millrace_lane", "block, final_block")).containsExactly("6|3");
      lab.rewind(4);
      assertThat(lab.tokens()).containsExactly("1|a|4");
      lab.finalTo(4);
      lab.commit(lab.reversible(script -> script.save(token(1, "b", 5))));
      assertThat(history(lab)).containsExactly("5|1");
      lab.rewind(4);
      assertThat(lab.tokens()).containsExactly("1|a|4");
    }
  }

  @Test
  @Tag("E11")
  @DisplayName("E11 the last final block is the anchor; while all is final there is only that one")
  void anchor_isTheLastFinalBlock() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      for (int i = 0; i < 3; i++) {
        int amount = i;
        lab.commit(lab.batch(script -> script.save(token(1, "a", amount)).block()));
        assertThat(blocks(lab)).hasSize(1);
        assertThat(lab.lane.resumePoint()).isEqualTo(Source.ResumePoint.at(lab.place(2L * i + 2)));
      }
      lab.finalTo(6);
      lab.commit(lab.reversible(script -> script.save(token(1, "b", 7)).block()));
      assertThat(blocks(lab)).containsExactly("6|3", "7|4", "8|4");
      lab.commit(lab.batch(script -> script.save(token(1, "c", 9))));
      assertThat(blocks(lab)).containsExactly("9|5");
      assertThat(history(lab)).isEmpty();
    }
  }

  @Test
  @Tag("E11")
  @DisplayName(
      "E11 any order of blocks, finality, restarts and reorgs leaves the rows of the model")
  void anyOrder_leavesTheRowsOfTheModel() {
    Random random = new Random(11);
    PostgresFixture lab = PostgresFixture.fresh();
    try {
      // The table's rows after each block to which a rewind may still go back.
      NavigableMap<Long, Map<Long, PostgresFixture.Token>> model = new TreeMap<>();
      model.put(0L, new TreeMap<>());
      long finalBlock = 0;
      for (int step = 0; step < 300; step++) {
        long last = model.lastKey();
        switch (random.nextInt(8)) {
          case 0 -> {
            long target = finalBlock + random.nextLong(last - finalBlock + 1);
            Frontier rewound = lab.rewind(target);
            model.tailMap(target, false).clear();
            assertThat(rewound.place()).isEqualTo(lab.place(target));
          }
          case 1 -> {
            finalBlock += random.nextLong(last - finalBlock + 1);
            lab.finalTo(finalBlock);
          }
          case 2 -> {
            lab.end();
            lab = lab.again();
            lab.finalTo(finalBlock);
            finalBlock = Math.max(finalBlock, 0);
          }
          default -> commit(lab, model, random);
        }
        List<String> expected =
            model.lastEntry().getValue().values().stream()
                .map(row -> row.id() + "|" + row.owner() + "|" + row.amount())
                .toList();
        assertThat(lab.tokens()).as("step %d", step).containsExactlyInAnyOrderElementsOf(expected);
      }
    } finally {
      lab.close();
    }
  }

  private static void commit(
      PostgresFixture lab,
      NavigableMap<Long, Map<Long, PostgresFixture.Token>> model,
      Random random) {
    lab.commit(
        lab.reversible(script -> {
          for (int blocks = 1 + random.nextInt(3); blocks > 0; blocks--) {
            Map<Long, PostgresFixture.Token> rows = new TreeMap<>(model.lastEntry().getValue());
            script.block();
            for (int changes = random.nextInt(4); changes > 0; changes--) {
              long id = random.nextLong(6);
              if (random.nextInt(3) == 0) {
                script.delete(TOKEN, id);
                rows.remove(id);
              } else {
                PostgresFixture.Token row = token(id, "o" + random.nextInt(3), random.nextInt(100));
                script.save(row);
                rows.put(id, row);
              }
            }
            model.put(model.lastKey() + 1, rows);
          }
        }));
  }

  @Test
  @Tag("E11")
  @DisplayName("E11 a commit pays for pruning only when finality has moved, with one statement")
  void finalityThatStandsStill_costsNothing() throws Exception {
    DatabaseSettings direct = TestDatabase.settings();
    try (PostgresCuttingProxy proxy = new PostgresCuttingProxy(direct.url())) {
      DatabaseSettings through =
          DatabaseSettings.of(proxy.url(), direct.user(), direct.password())
              .withPatience(Duration.ZERO);
      PostgresFixture.TestIndexer indexer =
          PostgresFixture.TestIndexer.of(TestDatabase.freshSchema(), TOKEN, PostgresFixture.NOTE);
      try (PostgresFixture lab = new PostgresFixture(indexer, Failpoint.NONE, through)) {
        List<Long> requests = new ArrayList<>();
        for (long finalBlock : new long[] {1, 1, 2, 3, 3, 3, 4}) {
          lab.finalTo(finalBlock);
          long before = proxy.requests();
          lab.commit(lab.reversible(script -> script.save(token(1, "a", 1)).block()));
          requests.add(proxy.requests() - before);
        }
        long still = requests.get(4);
        assertThat(requests.subList(2, 7))
            .containsExactly(still + 1, still + 1, still, still, still + 1);
      }
    }
  }

  @Test
  @Tag("E11")
  @DisplayName("E11 pruning reads the low end of a key and nothing else, however long the log")
  void pruning_readsTheLowEndOfTheKey() throws Exception {
    try (PostgresFixture lab = PostgresFixture.fresh();
        Connection connection = TestDatabase.connect();
        Statement statement = connection.createStatement()) {
      lab.commit(
          lab.reversible(script -> {
            for (int block = 0; block < 500; block++) {
              script.block().save(token(block % 50, "a", block));
            }
          }));
      statement.execute("SET search_path TO " + lab.schema);
      EntityTable<PostgresFixture.Token> table = new EntityTable<>(lab.schema, TOKEN);
      List<String> plan = new ArrayList<>();
      try (ResultSet rows =
          statement.executeQuery(
              "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) WITH anchor AS MATERIALIZED (%s) %s"
                  .formatted(
                      "SELECT checkpoint FROM millrace_block WHERE chain = 1 AND number = 3",
                      table.pruneUndo(1, "(SELECT checkpoint FROM anchor)")))) {
        while (rows.next()) {
          plan.add(rows.getString(1).strip());
        }
      }
      assertThat(plan)
          .anyMatch(line -> line.contains("Scan") && line.contains("millrace_undo_token_pkey"))
          .anyMatch(
              line -> line.startsWith("Index Cond: ((chain = 1) AND (millrace_checkpoint <= "));
      assertThat(plan.toString()).doesNotContain("Rows Removed").doesNotContain("Seq Scan");
    }
  }
}
