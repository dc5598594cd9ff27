package dev.millrace.staging;

import static dev.millrace.staging.LoaderFixtures.NOTE;
import static dev.millrace.staging.LoaderFixtures.PAIR;
import static dev.millrace.staging.LoaderFixtures.TOKEN;
import static dev.millrace.staging.LoaderFixtures.token;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loaders.Query;
import dev.millrace.loaders.QueryBuilder;
import dev.millrace.staging.LoaderFixtures.Note;
import dev.millrace.staging.LoaderFixtures.Pair;
import dev.millrace.staging.LoaderFixtures.Token;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The queries that reads send to the database, and the reads that memory answers. */
final class ReadThroughLoaderTest {
  private final LoaderFixtures lab = new LoaderFixtures();

  private void stored(Token... tokens) {
    for (Token token : tokens) {
      lab.database.put(TOKEN, token);
    }
  }

  @Test
  @Tag("B1")
  @DisplayName("B1 reads of different ids share a query; an id once asked for is not asked again")
  void round_asksForAllIdsAtOnceAndForNoneTwice() {
    stored(token(1, "a"));
    GroupedLoadRound round = lab.loader.round();
    round.request(TOKEN, 1L);
    round.request(TOKEN, 2L);
    round.request(TOKEN, 1L);
    round.send();

    assertThat(lab.find(TOKEN, 1L)).contains(token(1, "a"));
    assertThat(lab.find(TOKEN, 2L)).isEmpty();
    assertThat(lab.find(TOKEN, 2L)).isEmpty();
    assertThat(lab.database.queries).containsExactly("Token ids [1, 2]");
  }

  @Test
  @Tag("B1")
  @DisplayName("B1 a composite id is one id")
  void round_takesCompositeIds() {
    lab.database.put(PAIR, new Pair("x", 1, 7));
    GroupedLoadRound round = lab.loader.round();
    round.request(PAIR, PAIR.id("x", 1));
    round.request(PAIR, PAIR.id("x", 2));
    round.send();

    assertThat(lab.find(PAIR, "x", 1)).contains(new Pair("x", 1, 7));
    assertThat(lab.find(PAIR, "x", 2)).isEmpty();
    assertThat(lab.database.queries).containsExactly("Pair ids [[x, 1], [x, 2]]");
  }

  @Test
  @Tag("B2")
  @DisplayName("B2 an id in memory is left out of the query")
  void round_asksOnlyForWhatMemoryDoesNotKnow() {
    stored(token(1, "a"), token(2, "b"));
    lab.batch(() -> lab.save(token(1, "c")));
    GroupedLoadRound round = lab.loader.round();
    round.request(TOKEN, 1L);
    round.request(TOKEN, 2L);
    round.send();

    assertThat(lab.database.queries).containsExactly("Token ids [2]");
    assertThat(lab.find(TOKEN, 1L)).contains(token(1, "c"));
    assertThat(lab.find(TOKEN, 2L)).contains(token(2, "b"));
  }

  @Test
  @Tag("B3")
  @DisplayName("B3 a row saved while its load is under way keeps the saved value")
  void load_neverReplacesWhatWasSavedMeanwhile() {
    stored(token(1, "a"), token(2, "a"));
    lab.batch(() -> {
      lab.database.duringNextQuery(() -> {
        lab.save(token(1, "new"));
        lab.store.delete(TOKEN, 2L);
        lab.save(token(3, "new"));
      });
      GroupedLoadRound round = lab.loader.round();
      round.request(TOKEN, 1L);
      round.request(TOKEN, 2L);
      round.request(TOKEN, 3L);
      round.send();
    });

    assertThat(lab.find(TOKEN, 1L)).contains(token(1, "new"));
    assertThat(lab.find(TOKEN, 2L)).isEmpty();
    assertThat(lab.find(TOKEN, 3L)).contains(token(3, "new"));
  }

  @Test
  @Tag("B4")
  @DisplayName("B4 queries for different values of a field share a query and get their own rows")
  void round_asksForAllValuesOfAFieldAtOnce() {
    stored(token(1, "a"), token(2, "b"), token(3, "a"), token(4, "c"));
    GroupedLoadRound round = lab.loader.round();
    round.request(query("a"));
    round.request(query("b"));
    round.send();

    assertThat(lab.ownedBy("a")).containsExactly(token(1, "a"), token(3, "a"));
    assertThat(lab.ownedBy("b")).containsExactly(token(2, "b"));
    assertThat(lab.database.queries).containsExactly("Token [[owner IN[a, b]]]");
  }

  private Query<Token> query(String owner) {
    return captured(
        new QueryBuilder<>(TOKEN, ReadThroughLoaderTest::capture).where(Token::owner).is(owner));
  }

  private static <E> Query<E> captured(QueryBuilder<E> selection) {
    try {
      selection.list();
    } catch (Captured captured) {
      @SuppressWarnings("unchecked")
      Query<E> query = (Query<E>) captured.query;
      return query;
    }
    throw new AssertionError("selection asked nothing");
  }

  private static <E> List<E> capture(Query<E> query) {
    throw new Captured(query);
  }

  private static final class Captured extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final transient Query<?> query;

    private Captured(Query<?> query) {
      this.query = query;
    }
  }

  @Test
  @Tag("B5")
  @DisplayName("B5 a query asked again is answered by memory, with what was saved since")
  void query_askedAgainSeesWhatChangedAndSendsNothing() {
    stored(token(1, "a"), token(2, "a"), token(3, "b"));
    assertThat(lab.ownedBy("a")).containsExactly(token(1, "a"), token(2, "a"));
    assertThat(lab.ownedBy("a")).hasSize(2);

    lab.batch(() -> lab.save(token(1, "b")));
    assertThat(lab.ownedBy("a")).containsExactly(token(2, "a"));
    lab.batch(() -> lab.save(token(3, "a"), token(9, "a")));
    assertThat(lab.ownedBy("a")).containsExactly(token(2, "a"), token(3, "a"), token(9, "a"));
    lab.batch(() -> lab.store.delete(TOKEN, 2L));
    assertThat(lab.ownedBy("a")).containsExactly(token(3, "a"), token(9, "a"));

    assertThat(lab.database.queries).containsExactly("Token [[owner IS[a]]]");
  }

  @Test
  @Tag("B5")
  @DisplayName("B5 ranges and several fields asked again are answered by memory, too")
  void query_withOtherFiltersStaysComplete() {
    stored(token(1, "a"), token(2, "a"), token(3, "b"));
    QueryBuilder<Token> high = lab.query(TOKEN).where(Token::number).atLeast(2L);
    QueryBuilder<Token> both =
        lab.query(TOKEN).where(Token::owner).is("a").and(Token::number).below(2L);
    assertThat(high.list()).containsExactly(token(2, "a"), token(3, "b"));
    assertThat(both.list()).containsExactly(token(1, "a"));
    lab.batch(() -> lab.save(new Token(1, 5, "a", null), new Token(3, 0, "a", null)));

    assertThat(high.list()).containsExactly(new Token(1, 5, "a", null), token(2, "a"));
    assertThat(both.list()).containsExactly(new Token(3, 0, "a", null));
    assertThat(lab.database.queries).hasSize(2);
  }

  @Test
  @Tag("A1")
  @Tag("A2")
  @DisplayName("A1 A2 what is in transit, saved or deleted, is found without a query")
  void find_seesWhatIsInTransit() {
    stored(token(5, "a"));
    lab.batch(() -> lab.save(token(1, "x")));
    lab.batch(() -> lab.store.delete(TOKEN, 5L));

    assertThat(lab.find(TOKEN, 1L)).contains(token(1, "x"));
    assertThat(lab.find(TOKEN, 5L)).isEmpty();
    assertThat(lab.database.queries).isEmpty();
  }

  @Test
  @Tag("A3")
  @DisplayName("A3 a query by field sees what is in transit, on both sides")
  void query_seesWhatIsInTransit() {
    movedInTransit();
    assertThat(lab.ownedBy("a")).containsExactly(token(1, "a"), token(2, "a"));
    assertThat(lab.ownedBy("b")).isEmpty();
  }

  @Test
  @Tag("A4")
  @DisplayName("A4 the commit lands before the SELECT looks: same rows, none twice")
  void query_isRightWhenTheCommitLandsBeforeTheSelect() {
    movedInTransit();
    lab.database.beforeNextQuery(lab::land);
    assertThat(lab.ownedBy("a")).containsExactly(token(1, "a"), token(2, "a"));
    lab.heard();
    assertThat(lab.ownedBy("b")).isEmpty();
  }

  @Test
  @Tag("A4")
  @DisplayName("A4 the commit lands during the SELECT: same rows, no stale one")
  void query_isRightWhenTheCommitLandsDuringTheSelect() {
    movedInTransit();
    lab.database.duringNextQuery(lab::land);
    assertThat(lab.ownedBy("b")).isEmpty();
    lab.heard();
    assertThat(lab.ownedBy("a")).containsExactly(token(1, "a"), token(2, "a"));
  }

  /** Database: 2 is a's, 1 is b's; in transit, 1 becomes a's. */
  private void movedInTransit() {
    stored(token(1, "b"), token(2, "a"));
    lab.batch(() -> lab.save(token(1, "a")));
  }

  @Test
  @Tag("A5")
  @DisplayName("A5 a limited query whose first row is deleted in transit gives the next row")
  void limitedQuery_skipsRowsThatMemoryOverrules() {
    stored(token(1, "a"), token(2, "a"), token(3, "a"));
    lab.batch(() -> lab.store.delete(TOKEN, 1L));

    assertThat(lab.query(TOKEN).where(Token::owner).is("a").limit(1).list())
        .containsExactly(token(2, "a"));
    assertThat(lab.query(TOKEN).where(Token::owner).is("a").first()).contains(token(2, "a"));
  }

  @Test
  @Tag("A5")
  @DisplayName("A5 a limited query merges rows in transit into its order")
  void limitedQuery_mergesStagedRows() {
    stored(token(2, "a"), token(4, "a"), token(6, "a"));
    lab.batch(() -> lab.save(token(3, "a"), token(4, "b"), token(7, "a")));

    assertThat(lab.query(TOKEN).where(Token::owner).is("a").limit(3).list())
        .containsExactly(token(2, "a"), token(3, "a"), token(6, "a"));
    assertThat(
            lab.query(TOKEN)
                .where(Token::owner)
                .is("a")
                .orderByDescending(Token::number)
                .limit(2)
                .list())
        .containsExactly(token(7, "a"), token(6, "a"));
  }

  @Test
  @Tag("B19")
  @DisplayName("B19 a limited query reads pages, however many rows are staged")
  void limitedQuery_readsPages() {
    for (int i = 0; i < 3_000; i++) {
      stored(token(i, "a"));
    }
    lab.batch(() -> {
      for (int i = 100_000; i < 200_000; i++) {
        lab.save(token(i, "a"));
      }
    });

    assertThat(lab.query(TOKEN).where(Token::owner).is("a").limit(10).list())
        .containsExactlyElementsOf(
            java.util.stream.LongStream.range(0, 10).mapToObj(i -> token(i, "a")).toList());
    assertThat(lab.database.rowsRead).isLessThan(200);
  }

  @Test
  @Tag("B19")
  @DisplayName("B19 where memory overrules many rows, pages grow until enough survive")
  void limitedQuery_readsOnUntilEnoughSurvive() {
    for (int i = 0; i < 10_000; i++) {
      stored(token(i, "a"));
    }
    lab.batch(() -> {
      for (long i = 0; i < 5_000; i++) {
        lab.store.delete(TOKEN, i);
      }
    });

    assertThat(lab.query(TOKEN).where(Token::owner).is("a").limit(2).list())
        .containsExactly(token(5_000, "a"), token(5_001, "a"));
    assertThat(lab.database.queries).hasSizeLessThan(10);
    assertThat(lab.database.rowsRead).isLessThan(10_000);
  }

  @Test
  @Tag("B18")
  @DisplayName("B18 a table that began empty never asks the database while nothing is evicted")
  void completeTable_answersEverything() {
    lab.opened();
    lab.batch(() -> {
      for (long id = 0; id < 1_000_000; id++) {
        assertThat(lab.find(TOKEN, id)).isEqualTo(Optional.empty());
      }
      lab.save(token(7, "a"));
      lab.save(new Note(1, "kept from the first read on"));
    });
    lab.commit();

    assertThat(lab.ownedBy("a")).containsExactly(token(7, "a"));
    assertThat(lab.query(TOKEN).limit(5).list()).containsExactly(token(7, "a"));
    assertThat(lab.database.queries).isEmpty();
    assertThat(lab.store.size()).as("a miss takes no memory").isEqualTo(1);
  }

  @Test
  @Tag("B18")
  @DisplayName("B18 completeness ends with the first row evicted")
  void completeTable_isNoLongerCompleteOnceARowHasGone() {
    lab.opened();
    lab.batch(() -> lab.save(token(1, "a")));
    lab.commit();
    lab.store.evict(0);

    assertThat(lab.find(TOKEN, 1L)).contains(token(1, "a"));
    assertThat(lab.ownedBy("a")).containsExactly(token(1, "a"));
    assertThat(lab.database.queries).hasSize(2);
  }

  @Test
  @DisplayName("an immutable row that no handler reads leaves memory and is found all the same")
  void immutableRow_isFoundInTransitAndAfterIt() {
    lab.opened();
    lab.batch(() -> lab.save(new Note(1, "committed")));
    lab.commit();
    lab.batch(() -> lab.save(new Note(2, "in transit")));
    lab.batch(() -> {
      lab.save(new Note(3, "in this batch"));
      assertThat(lab.query(NOTE).list())
          .extracting(Note::text)
          .containsExactly("committed", "in transit", "in this batch");
      assertThat(lab.find(NOTE, 2L)).isPresent();
    });
    lab.commit();
    assertThat(lab.database.table(NOTE)).hasSize(3);
  }
}
