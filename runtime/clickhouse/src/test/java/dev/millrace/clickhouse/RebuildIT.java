package dev.millrace.clickhouse;

import static dev.millrace.clickhouse.Lab.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Storage;
import dev.millrace.pipeline.Block;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@Timeout(120)
@ExtendWith(Engine.WhereItCanRun.class)
final class RebuildIT {
  @Test
  @Tag("K14")
  @DisplayName("K14 a mirror that was refused is made anew")
  void rebuiltMirrors_areFollowed() {
    try (Lab lab = Lab.fresh()) {
      Lab.Book book = lab.book("1");
      Lab.Run run = lab.run(book);
      run.commit(run.group(run.batch(false, List.of(token(1, "a", 1), token(2, "b", 2)))));
      run.commit(
          run.group(run.batch(true, List.of(token(1, "c", 3), new Lab.Gone(Lab.TOKEN, 2L)))));
      assertThatThrownBy(run::follow).hasMessageContaining("it is empty");

      try (Rebuild rebuild = ClickHouseMirror.rebuild(lab.settings, lab.indexer)) {
        rebuild.begin("1", book.ledger());
        rebuild.saved(Lab.TOKEN, token(1, "a", 1), 1);
        rebuild.saved(Lab.TOKEN, token(2, "b", 2), 1);
        rebuild.reached(new Block(2, Lab.hash(0, 2)), 2);
        rebuild.saved(Lab.NOTE, new Lab.Note(EventId.of(1, 1), null), 1);
        rebuild.saved(Lab.TOKEN, token(1, "c", 3), 2);
        rebuild.deleted(Lab.TOKEN, 2L, 2);
        rebuild.end();
      }

      Lab next = lab.again();
      Lab.Run after = next.run(book).follow();
      assertThat(lab.tokens()).containsExactly("1|1|c|3");
      assertThat(lab.query("SELECT owner FROM token_at(chain = 1, checkpoint = 1) ORDER BY id"))
          .containsExactly("a", "b");
      assertThatThrownBy(() -> lab.query("SELECT owner FROM token_at(chain = 1, checkpoint = 0)"))
          .hasMessageContaining("made anew later");
      after.commit(true, List.of(token(3, "d", 4)));
      after.turn(1);
      assertThat(lab.tokens()).containsExactly("1|1|a|1", "1|2|b|2");
      next.run(book).follow();
      next.mirror.close();
    }
  }

  @Test
  void entitiesInClickHouseOnly_makeItImpossible() {
    try (Lab lab = Lab.fresh()) {
      lab.run(lab.book("1")).follow().commit(true, List.of(token(1, "a", 1)));
      var only = new Lab.TestIndexer("lab", List.of(Lab.TOKEN), Storage.CLICKHOUSE);

      assertThatThrownBy(() -> ClickHouseMirror.rebuild(lab.settings, only))
          .hasMessageContaining("entities=[Token]");
      assertThat(lab.tokens()).containsExactly("1|1|a|1");
    }
  }
}
