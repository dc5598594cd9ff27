package dev.millrace.clickhouse;

import static dev.millrace.clickhouse.ClickHouseFixture.token;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Id;
import dev.millrace.pipeline.Failpoint;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@Timeout(120)
@ExtendWith(TestClickHouse.WhereItCanRun.class)
final class InsertIT {
  @Test
  void rows_areSeenWhenTheirCommitIsPublished() {
    try (ClickHouseFixture lab = ClickHouseFixture.fresh()) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      run.commit(
          false,
          List.of(token(1, "a", 5), new ClickHouseFixture.Note(EventId.of(1, 0), null)),
          List.of(token(1, null, 7), token(2, "b", 0)));

      var pending =
          run.group(
              run.batch(
                  true,
                  List.of(
                      token(1, "c", 9), new ClickHouseFixture.Gone(ClickHouseFixture.TOKEN, 2L))));
      run.lane.insert(pending);
      assertThat(lab.tokens()).containsExactly("1|1|NULL|7", "1|2|b|0");

      run.commit(pending);
      run.lane.publish(run.said());
      assertThat(lab.tokens()).containsExactly("1|1|c|9");
      assertThat(lab.query("SELECT id, ifNull(text, 'NULL') FROM note"))
          .containsExactly("1048576|NULL");
      assertThat(
              lab.query(
                  "SELECT id, ifNull(owner, 'NULL'), amount, _checkpoint, _op FROM token_history"
                      + " ORDER BY id, _checkpoint"))
          .containsExactly(
              "1|a|5|1|save",
              "1|NULL|7|2|save",
              "1|c|9|3|save",
              "2|b|0|2|save",
              "2|NULL|0|3|delete");
      assertThat(
              lab.query(
                  "SELECT chain, checkpoint, block, time FROM millrace_checkpoints ORDER BY"
                      + " checkpoint"))
          .containsExactly(
              "1|1|1|1970-01-12 13:46:52.000000",
              "1|2|2|1970-01-12 13:47:04.000000",
              "1|3|3|1970-01-12 13:47:16.000000");
      assertThat(lab.read(ClickHouseFixture.TOKEN, run.book, 3))
          .isEqualTo(run.book.state(ClickHouseFixture.TOKEN, 3));
      assertThat(lab.read(ClickHouseFixture.TOKEN, run.book, 2))
          .isEqualTo(run.book.state(ClickHouseFixture.TOKEN, 2));
    }
  }

  @Entity
  record Blob(@Id long id, Bytes bytes) {}

  @Test
  @Tag("C3")
  @DisplayName("C3 bytes of 0, 20, 32 and 10 MB come back from ClickHouse, and after a rollback")
  void bytesOfAnyLength_roundTrip() {
    EntityType<Blob> type = EntityType.of(Blob.class);
    List<Blob> rows =
        IntStream.of(0, 20, 32, 10_000_000).mapToObj(length -> blob(length, 1)).toList();
    try (ClickHouseFixture lab = ClickHouseFixture.of(Failpoint.NONE, type)) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      run.commit(true, rows);
      assertThat(lab.read(type, run.book, 1).equals(rows)).isTrue();
      run.commit(true, List.of(blob(10_000_000, 2), new ClickHouseFixture.Gone(type, 32L)));
      run.openEpoch(1);

      assertThat(lab.read(type, run.book, 1).equals(rows)).isTrue();
      assertThat(lab.query("SELECT toString(length(bytes)) FROM blob ORDER BY id"))
          .containsExactly("0", "20", "32", "10000000");
    }
  }

  private static Blob blob(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return new Blob(length, Bytes.of(bytes));
  }
}
