package dev.millrace.postgres;

import static dev.millrace.postgres.PostgresFixture.TOKEN;
import static dev.millrace.postgres.PostgresFixture.token;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.FieldCondition;
import dev.millrace.loaders.RowFilter;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.postgres.client.DatabaseSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Driver options in the url of a database, each on a real server. */
@Timeout(300)
final class UrlOptionsIT {
  private static final EntityType<EveryColumnType> EVERYTHING =
      EntityType.of(EveryColumnType.class);
  private static final int ROWS = 60;

  private static DatabaseSettings with(String option) {
    DatabaseSettings plain = TestDatabase.settings();
    String url = plain.url() + (plain.url().contains("?") ? "&" : "?") + option;
    return DatabaseSettings.of(url, plain.user(), plain.password()).withPatience(Duration.ZERO);
  }

  @ParameterizedTest
  @Tag("D28")
  @DisplayName("D28 an option of the driver that a url may have changes nothing")
  @ValueSource(
      strings = {
        "autosave=always&cleanupSavepoints=true",
        "binaryTransfer=false&prepareThreshold=0",
        "prepareThreshold=-1",
        "preferQueryMode=extendedForPrepared&preparedStatementCacheQueries=0",
        "preferQueryMode=extendedCacheEverything",
        "currentSchema=pg_catalog&ApplicationName=someone&readOnlyMode=ignore",
        "defaultRowFetchSize=1&adaptiveFetch=true&reWriteBatchedInserts=true",
        "options=-c%20DateStyle=German%20-c%20extra_float_digits=-3%20-c%20TimeZone=Asia/Tokyo",
        "options=-c%20search_path=pg_catalog%20-c%20default_transaction_read_only=on",
        "stringtype=unspecified&convertBooleanToNumeric=true&unknownLength=5",
        "targetServerType=preferPrimary&tcpNoDelay=false&sendBufferSize=1000"
      })
  void option_changesNothing(String option) throws Exception {
    work(with(option));
  }

  private static void work(DatabaseSettings settings) throws Exception {
    PostgresFixture.TestIndexer indexer =
        PostgresFixture.TestIndexer.of(
            TestDatabase.freshSchema(), TOKEN, PostgresFixture.NOTE, EVERYTHING);
    EveryColumnType.Draw draw = new EveryColumnType.Draw(new Random(7));
    List<EveryColumnType> first = rows(draw);
    List<EveryColumnType> second = rows(draw);
    try (PostgresFixture lab = new PostgresFixture(indexer, Failpoint.NONE, settings)) {
      lab.commit(lab.batch(script -> first.forEach(script::save)));
      for (int i = 1; i <= 6; i++) {
        int id = i;
        lab.commit(lab.batch(script -> script.save(token(id, "owner" + id % 2, id))));
        assertThat(found(lab)).isEqualTo(first);
      }
      lab.commit(lab.reversible(script -> script.block().save(token(1, "c", 9))));
      lab.commit(lab.reversible(script -> second.forEach(script.block()::save)));
      assertThat(found(lab)).isEqualTo(second);
      assertThat(ofOwner(lab, "owner0")).hasSize(3);
      lab.rewind(8);
      assertThat(found(lab)).isEqualTo(first);
      assertThat(ofOwner(lab, "c")).containsExactly(token(1, "c", 9));
      lab.rewind(7);
      lab.lane.buildDeferredIndexes();
      assertThat(ofOwner(lab, "owner1")).hasSize(3);
      try (PostgresSnapshot snapshot = PostgresSnapshot.open(settings, indexer).orElseThrow()) {
        List<EveryColumnType> read = new ArrayList<>();
        snapshot.rows(EVERYTHING, "1", read::add);
        assertThat(read).containsExactlyInAnyOrderElementsOf(first);
      }
    }
    assertThat(PostgresStore.status(settings, indexer.name())).isPresent();
    assertThat(PostgresStore.reset(settings, indexer.name())).isTrue();
  }

  private static List<EveryColumnType> rows(EveryColumnType.Draw draw) {
    return LongStream.range(0, ROWS).mapToObj(id -> EVERYTHING.canonical(draw.row(id))).toList();
  }

  private static List<EveryColumnType> found(PostgresFixture lab) {
    List<Object> ids = LongStream.range(0, ROWS).<Object>mapToObj(id -> id).toList();
    return lab.lane.reads().byIds(EVERYTHING, ids).stream()
        .sorted((left, right) -> Long.compare(left.id(), right.id()))
        .toList();
  }

  private static List<PostgresFixture.Token> ofOwner(PostgresFixture lab, String owner) {
    EntityColumn column = TOKEN.column("owner").orElseThrow();
    FieldCondition is = new FieldCondition(column, FieldCondition.Operator.IS, List.of(owner));
    return lab.lane.reads().matching(TOKEN, List.of(new RowFilter(List.of(is))));
  }
}
