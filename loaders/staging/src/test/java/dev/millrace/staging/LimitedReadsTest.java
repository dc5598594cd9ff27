package dev.millrace.staging;

import static dev.millrace.staging.LoaderFixtures.TOKEN;
import static dev.millrace.staging.LoaderFixtures.token;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loaders.Query;
import dev.millrace.loaders.QueryBuilder;
import dev.millrace.staging.LoaderFixtures.Token;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Limited queries that a preload sends together and the run repeats. */
final class LimitedReadsTest {
  private final LoaderFixtures lab = new LoaderFixtures();

  private void stored(int owners, int each) {
    for (int i = 0; i < owners * each; i++) {
      lab.database.put(TOKEN, token(i, "owner " + i % owners));
    }
  }

  private QueryBuilder<Token> first(int owner, int limit) {
    return lab.query(TOKEN).where(Token::owner).is("owner " + owner).limit(limit);
  }

  private void preload(int owners, int limit) {
    GroupedLoadRound round = lab.loader.round();
    for (int i = 0; i < owners; i++) {
      new QueryBuilder<>(
              TOKEN,
              query -> {
                round.request(query);
                return List.of();
              })
          .where(Token::owner)
          .is("owner " + i)
          .limit(limit)
          .list();
    }
    round.send();
  }

  @Test
  @Tag("B25")
  @DisplayName("B25 limited queries of a round share a query, and the run asks nothing again")
  void round_asksForAllFirstRowsAtOnce() {
    stored(500, 3);
    lab.batch(() -> {
      preload(500, 2);
      for (int i = 0; i < 500; i++) {
        assertThat(first(i, 2).list())
            .containsExactly(token(i, "owner " + i), token(500 + i, "owner " + i));
      }
    });

    assertThat(lab.database.queries).containsExactly("Token 500 pages of 10");
  }

  @Test
  @Tag("B25")
  @DisplayName("B25 what the batch changes behind a page overrules it; more is read when needed")
  void page_isOverruledByWhatIsSavedLater() {
    stored(2, 100);
    lab.batch(() -> {
      preload(2, 1);
      lab.store.delete(TOKEN, 0L);
      assertThat(first(0, 1).list()).containsExactly(token(2, "owner 0"));
      lab.save(token(2, "owner 1"), token(1, "owner 0"));
      assertThat(first(0, 1).list()).containsExactly(token(1, "owner 0"));
      assertThat(first(1, 1).list()).containsExactly(token(2, "owner 1"));
      assertThat(lab.database.queries).as("the pages had rows enough").hasSize(1);

      for (long id = 1; id < 190; id++) {
        lab.store.delete(TOKEN, id);
      }
      assertThat(first(0, 1).list()).containsExactly(token(190, "owner 0"));
      assertThat(first(1, 1).list()).containsExactly(token(191, "owner 1"));
    });
  }

  @Test
  @Tag("B36")
  @DisplayName("B36 a limited query alone leaves a few rows behind, and none when its batch ends")
  void page_keepsFewRowsUntilItsBatchEnds() {
    stored(1, 200);
    List<Query<Token>> asked = new ArrayList<>();
    QueryBuilder<Token> first =
        new QueryBuilder<>(
                TOKEN,
                query -> {
                  asked.add(query);
                  return lab.loader.query(query);
                })
            .where(Token::owner)
            .is("owner 0")
            .limit(1);
    lab.batch(() -> {
      for (long id = 0; id < 9; id++) {
        assertThat(first.list()).containsExactly(token(id, "owner 0"));
        lab.store.delete(TOKEN, id);
      }
      assertThat(lab.database.queries).as("the page had rows enough").hasSize(1);
      for (long id = 9; id < 80; id++) {
        assertThat(first.list()).containsExactly(token(id, "owner 0"));
        lab.store.delete(TOKEN, id);
      }
      assertThat(requireNonNull(lab.store.pages().find(asked.getFirst())).rows()).hasSize(8);
    });
    assertThat(lab.store.pages().find(asked.getFirst())).isNull();
  }

  @Test
  @Tag("B25")
  @DisplayName("B25 a page ends with its batch: what another has evicted is read anew")
  void page_endsWithItsBatch() {
    stored(1, 2);
    lab.batch(() -> {
      assertThat(first(0, 1).list()).containsExactly(token(0, "owner 0"));
      lab.store.delete(TOKEN, 0L);
    });
    lab.commit();
    lab.store.evict(0);

    lab.batch(() -> assertThat(first(0, 1).list()).containsExactly(token(1, "owner 0")));
  }

  @Test
  @Tag("B25")
  @DisplayName("B25 where a condition lists values, each query goes out once for both passes")
  void round_sendsListsAlone() {
    stored(4, 2);
    lab.batch(() -> {
      List<Query<Token>> asked = new ArrayList<>();
      GroupedLoadRound round = lab.loader.round();
      for (int i = 0; i < 2; i++) {
        new QueryBuilder<>(
                TOKEN,
                query -> {
                  asked.add(query);
                  round.request(query);
                  return List.of();
                })
            .where(Token::owner)
            .in("owner " + i, "owner " + (i + 2))
            .limit(1)
            .list();
      }
      round.send();
      assertThat(asked)
          .extracting(query -> lab.loader.query(query))
          .containsExactly(List.of(token(0, "owner 0")), List.of(token(1, "owner 1")));
    });

    assertThat(lab.database.queries).containsExactly("Token page 64", "Token page 64");
  }

  @Test
  @Tag("B30")
  @DisplayName("B30 what list() returns can never be changed, wherever its rows came from")
  void list_cannotBeChanged() {
    stored(1, 3);
    for (int limit : new int[] {2, 3, 4, Query.NO_LIMIT}) {
      List<Token> rows = first(0, limit).list();
      assertThatThrownBy(() -> rows.removeIf(_ -> true))
          .isInstanceOf(UnsupportedOperationException.class);
    }
  }
}
