package dev.millrace.postgres;

import static dev.millrace.postgres.PostgresFixture.token;
import static dev.millrace.postgres.RewindTransactionIT.FIRST;
import static dev.millrace.postgres.RewindTransactionIT.SECOND;
import static dev.millrace.postgres.RewindTransactionIT.everything;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loaders.EventId;
import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.EffectResult;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.pipeline.Source;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The data that a rewind undoes besides the rows of one lane, and the data that it keeps. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
final class RewindScopeIT {
  @Test
  @Tag("E6")
  @DisplayName("E6 the ends of all epochs above the target fall to it, whoever had closed them")
  void ends_ofEarlierEpochsFall() {
    String schema;
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      schema = lab.schema;
      for (int i = 1; i <= 3; i++) {
        int amount = i;
        lab.commit(lab.reversible(script -> script.save(token(1, "a", amount))));
      }
      lab.end();
      try (PostgresFixture next = lab.again()) {
        next.commit(next.reversible(script -> script.save(token(1, "a", 4))));
        next.rewind(3);
        next.commit(next.reversible(script -> script.save(token(1, "b", 4))));
        next.rewind(1);
        assertThat(next.tokens()).containsExactly("1|a|1");
        assertThat(next.schema).isEqualTo(schema);
        assertThat(next.rows("millrace_epoch", "epoch, last_checkpoint"))
            .containsExactly("1|1", "2|1", "3|1", "4|null");
      }
    }
  }

  @Test
  @Tag("E9")
  @DisplayName("E9 a contract found in a replaced block is forgotten; elsewhere it is found anew")
  void contracts_foundInReplacedBlocksAreForgotten() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.block().found("Pool", FIRST, 7)));
      lab.commit(
          lab.reversible(
              script -> script.block().found("Pool", SECOND, 0).found("Token", FIRST, 0).block()));
      Source.DiscoveredContract first =
          new Source.DiscoveredContract("Pool", FIRST, EventId.of(1, 7));
      assertThat(lab.lane.resumePoint())
          .isEqualTo(
              new Source.ResumePoint(
                  lab.place(3),
                  List.of(lab.place(1), lab.place(2), lab.place(3)),
                  List.of(
                      first,
                      new Source.DiscoveredContract("Pool", SECOND, EventId.of(2, 0)),
                      new Source.DiscoveredContract("Token", FIRST, EventId.of(2, 0))),
                  true));
      lab.rewind(1);
      assertThat(lab.lane.resumePoint())
          .isEqualTo(
              new Source.ResumePoint(lab.place(1), List.of(lab.place(1)), List.of(first), true));
      lab.commit(lab.reversible(script -> script.block().block().found("Pool", SECOND, 3)));
      lab.end();
      try (PostgresFixture next = lab.again()) {
        assertThat(next.lane.resumePoint().found())
            .containsExactly(
                first, new Source.DiscoveredContract("Pool", SECOND, EventId.of(3, 3)));
      }
    }
  }

  @Test
  @Tag("E18")
  @DisplayName("E18 an effect answered on the replaced branch is forgotten, an earlier one kept")
  void effects_ofTheReplacedBranchAreForgotten() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(
          lab.batch(
              true,
              List.of(new EffectResult("price", "a", "1", 1)),
              script -> script.save(token(1, "a", 1))));
      lab.commit(
          lab.batch(
              true,
              List.of(new EffectResult("price", "b", "old", 2)),
              script -> script.save(token(1, "b", 1))));
      lab.rewind(1);
      assertThat(lab.lane.effects("price", List.of("a", "b"))).isEqualTo(Map.of("a", "1"));
      lab.commit(
          lab.batch(
              true,
              List.of(new EffectResult("price", "b", "new", 2)),
              script -> script.save(token(1, "b", 1))));
      assertThat(lab.lane.effects("price", List.of("a", "b")))
          .isEqualTo(Map.of("a", "1", "b", "new"));
    }
  }

  @Test
  @Tag("E16")
  @DisplayName("E16 the rows, blocks and epochs of another lane do not move")
  void otherLane_doesNotMove() throws Exception {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.reversible(script -> script.save(token(1, "a", 1)).found("Pool", FIRST, 0)));
      CommitGroup same = lab.group(lab.reversible(script -> script.save(token(2, "b", 2))));
      LaneStore other = lab.store.takeOver("2");
      other.commit(new CommitGroup(1, same.batches()));
      lab.lane.commit(same);
      lab.committed(same);
      List<String> before = of(everything(lab), "2");
      assertThat(before).anyMatch(row -> row.startsWith("millrace_undo_token (2,"));
      lab.rewind(0);
      assertThat(of(everything(lab), "2")).isEqualTo(before);
      assertThat(lab.tokens()).containsExactly("2|b|2");
    }
  }

  /** Returns the rows of a lane; rows of the schema as such have no lane. */
  private static List<String> of(List<String> rows, String lane) {
    return rows.stream()
        .filter(row -> row.contains(" (" + lane + ",") || row.startsWith("millrace_epoch (2,"))
        .toList();
  }
}
