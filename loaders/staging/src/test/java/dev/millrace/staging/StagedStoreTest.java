package dev.millrace.staging;

import static dev.millrace.staging.LoaderFixtures.NOTE;
import static dev.millrace.staging.LoaderFixtures.TOKEN;
import static dev.millrace.staging.LoaderFixtures.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.QueryBuilder;
import dev.millrace.loaders.Storage;
import dev.millrace.loaders.TriggerMoment;
import dev.millrace.loaders.TriggerableJob;
import dev.millrace.staging.LoaderFixtures.Note;
import dev.millrace.staging.LoaderFixtures.Token;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Rows that memory keeps, rows that it evicts, and the change sets of batches. */
final class StagedStoreTest {
  private final LoaderFixtures lab = new LoaderFixtures();

  @Entity
  record Bag(@Id long id, List<Long> items) {}

  private static final EntityType<Bag> BAG = EntityType.of(Bag.class);

  /** A job whose inputs are texts. */
  private record TestJob(String name) implements TriggerableJob<String> {
    @Override
    public Class<String> inputType() {
      return String.class;
    }

    @Override
    public TriggerMoment moment() {
      return TriggerMoment.FINALIZED;
    }

    @Override
    public String inputText(String input) {
      return '"' + input + '"';
    }
  }

  @Test
  void triggers_areNumberedByEventAndGoWithTheirBatch() {
    TestJob known = new TestJob("known");
    StagedStore store =
        new StagedStore(List.of(TOKEN), _ -> Storage.POSTGRES, List.<TriggerableJob<?>>of(known));
    store.open(0, List.of());
    store.begin(false);
    store.nextBlock();
    store.nextEvent(0);
    store.trigger(known, "a");
    store.trigger(known, "b");
    store.nextEvent(1);
    store.trigger(known, "c");

    ChangeSet first = store.freeze();
    assertThat(first.triggers())
        .extracting(trigger -> trigger.event() + "." + trigger.ordinal() + trigger.input())
        .containsExactly("0.0\"a\"", "0.1\"b\"", "1.0\"c\"");
    assertThat(first.bytes()).isPositive();
    store.begin(false);
    assertThat(store.freeze().triggers()).isEmpty();
    assertThatThrownBy(() -> store.trigger(new TestJob("other"), "a"))
        .hasMessage(
            "job is not part of this indexer, add it with jobs(...): job=other known=[known]");
  }

  @Test
  @Tag("B8")
  @DisplayName("B8 what a handler does to a list it saved or was given does not reach the row")
  void row_isNotChangedThroughItsLists() {
    LoaderFixtures bags = new LoaderFixtures(new MapReads(), List.of(BAG));
    List<Long> mine = new ArrayList<>(List.of(1L, 2L));
    bags.batch(() -> bags.save(new Bag(1, mine)));
    mine.add(3L);

    Bag found = bags.find(BAG, 1L).orElseThrow();
    assertThatThrownBy(() -> found.items().add(4L))
        .isInstanceOf(UnsupportedOperationException.class);
    assertThat(bags.find(BAG, 1L)).contains(new Bag(1, List.of(1L, 2L)));
  }

  @Test
  @Tag("B9")
  @DisplayName("B9 a million ids go through a tiny memory, entry by entry, and come back right")
  void eviction_keepsMemoryAtItsLimit() {
    lab.opened();
    long limit = 100_000;
    long max = 0;
    for (int batch = 0; batch < 1_000; batch++) {
      int first = batch * 1_000;
      lab.batch(() -> {
        for (int id = first; id < first + 1_000; id++) {
          lab.save(token(id, "a"));
        }
        GroupedLoadRound round = lab.loader.round();
        changedAgain(first).forEach(id -> round.request(TOKEN, id));
        round.send();
        changedAgain(first)
            .forEach(id -> {
              Token known = lab.find(TOKEN, id).orElseThrow();
              lab.save(known.ownedBy(known.owner() + "b"));
            });
      });
      max = Math.max(max, lab.store.bytes());
      lab.commit();
      lab.store.evict(limit);
      assertThat(lab.store.bytes()).isLessThanOrEqualTo(limit);
      assertThat(lab.store.size()).as("evictions are per entry").isGreaterThan(100);
    }
    assertThat(max).as("the limit plus what one batch changes").isLessThan(limit + 400_000);
    assertThat(lab.database.queries).as("rows read again").hasSize(39);
    assertThat(lab.database.table(TOKEN).equals(millionTokens())).isTrue();
  }

  /** Old ids, nearly all evicted, that a batch reads and changes now and then. */
  private static Stream<Long> changedAgain(int first) {
    return first % 25_000 == 0
        ? LongStream.iterate(first % 97, id -> id < first, id -> id + first / 200).boxed()
        : Stream.empty();
  }

  /** The contents of a map without a memory limit. */
  private static Map<Object, Token> millionTokens() {
    Map<Object, Token> tokens = new HashMap<>();
    for (int first = 0; first < 1_000_000; first += 1_000) {
      for (long id = first; id < first + 1_000; id++) {
        tokens.put(id, token(id, "a"));
      }
      changedAgain(first)
          .forEach(
              id -> tokens.computeIfPresent(id, (_, token) -> token.ownedBy(token.owner() + "b")));
    }
    return tokens;
  }

  @Test
  @Tag("B10")
  @DisplayName("B10 a row evicted and found again costs one query and is right")
  void evictedRow_isReadAgain() {
    lab.database.put(TOKEN, token(1, "old"));
    lab.batch(() -> lab.save(token(1, "new")));
    lab.commit();
    lab.store.evict(0);

    assertThat(lab.find(TOKEN, 1L)).contains(token(1, "new"));
    assertThat(lab.find(TOKEN, 1L)).contains(token(1, "new"));
    assertThat(lab.database.queries).containsExactly("Token ids [1]");
  }

  @Test
  @Tag("B10")
  @DisplayName("B10 no uncommitted row is ever evicted: saved, deleted, or saved over a read one")
  void eviction_sparesWhatIsNotDurable() {
    lab.database.put(TOKEN, token(1, "a"));
    lab.database.put(TOKEN, token(2, "a"));
    lab.database.put(TOKEN, token(3, "a"));
    lab.batch(() -> lab.save(token(9, "a")));
    lab.commit();
    lab.batch(() -> {
      lab.find(TOKEN, 1L);
      lab.find(TOKEN, 3L);
      lab.save(token(1, "b"), token(4, "b"));
      lab.store.delete(TOKEN, 2L);
    });
    lab.store.evict(0);
    lab.database.queries.clear();

    assertThat(lab.find(TOKEN, 1L)).contains(token(1, "b"));
    assertThat(lab.find(TOKEN, 2L)).isEmpty();
    assertThat(lab.find(TOKEN, 4L)).contains(token(4, "b"));
    assertThat(lab.database.queries).isEmpty();
    lab.find(TOKEN, 3L);
    lab.find(TOKEN, 9L);
    assertThat(lab.database.queries).as("the others went").hasSize(2);
  }

  @Test
  @Tag("B10")
  @DisplayName("B10 a filter is forgotten when a row that matches it now is evicted, and only then")
  void eviction_forgetsTheFiltersOfTheRow() {
    lab.database.put(TOKEN, token(1, "a"));
    lab.database.put(TOKEN, token(2, "b"));
    QueryBuilder<Token> range = lab.query(TOKEN).where(Token::number).atMost(1L);
    lab.batch(() -> {
      lab.ownedBy("a");
      lab.ownedBy("b");
      range.list();
    });
    lab.batch(() -> {
      lab.save(token(2, "c"));
      for (int id = 100; id < 200; id++) {
        lab.save(token(id, "so that filters are the smaller part of memory"));
      }
    });
    lab.store.evict(lab.store.bytes() - 1); // row 1 must go, row 2 is not durable
    lab.database.queries.clear();

    assertThat(lab.ownedBy("b")).isEmpty();
    assertThat(lab.database.queries).isEmpty();
    assertThat(lab.ownedBy("a")).containsExactly(token(1, "a"));
    lab.store.evict(0);
    assertThat(range.list()).containsExactly(token(1, "a"));
    assertThat(lab.database.queries)
        .containsExactly("Token [[owner IS[a]]]", "Token [[number AT_MOST[1]]]");
  }

  @Test
  @Tag("B10")
  @DisplayName("B10 rows used since the hand last passed outlive the others")
  void eviction_takesWhatWasNotUsedLately() {
    lab.opened();
    lab.batch(() -> {
      for (int id = 0; id < 100; id++) {
        lab.save(token(id, "a"));
      }
    });
    lab.commit();
    long row = lab.store.bytes() / 100;
    lab.store.evict(row * 90);
    for (long id = 40; id < 60; id++) {
      lab.find(TOKEN, id);
    }
    lab.store.evict(row * 30);
    lab.database.queries.clear();
    for (long id = 40; id < 60; id++) {
      lab.find(TOKEN, id);
    }
    assertThat(lab.database.queries.size()).isLessThan(10);
  }

  @Test
  @Tag("C6")
  @DisplayName("C6 insert, update, delete, insert of one id in one batch is one change")
  void changes_ofOneIdInOneBatchAreOne() {
    lab.opened();
    ChangeSet set =
        lab.batch(
            () -> lab.save(token(1, "a")),
            () -> lab.save(token(1, "b")),
            () -> lab.store.delete(TOKEN, 1L),
            () -> lab.save(token(1, "d")));

    assertThat(describe(set)).containsExactly("1@4 null -> d");
    lab.commit();
    assertThat(lab.database.table(TOKEN)).containsExactlyEntriesOf(Map.of(1L, token(1, "d")));
  }

  @Test
  @Tag("C6")
  @Tag("C9")
  @DisplayName("C6 C9 in the reversible window there is one change per id and checkpoint")
  void changes_inTheWindowKeepOneVersionPerBlock() {
    lab.opened();
    lab.reversible = true;
    ChangeSet set =
        lab.batch(
            () -> lab.save(token(1, "a"), token(1, "b")),
            () -> {
              lab.save(token(1, "c"));
              lab.store.delete(TOKEN, 1L);
            },
            () -> lab.save(token(2, "x")),
            () -> lab.save(token(1, "d")));

    assertThat(describe(set))
        .containsExactly("1@1 null -> b", "1@2 b -> null", "2@3 null -> x", "1@4 null -> d");
    assertThat(describe(lab.batch(() -> lab.save(token(1, "e"))))).containsExactly("1@5 d -> e");
    lab.commit();
    assertThat(lab.database.table(TOKEN)).containsValues(token(1, "e"), token(2, "x"));
  }

  @Test
  @Tag("C9")
  @DisplayName("C9 a blind write stays blind however often its block repeats it")
  void blindChange_knowsOnlyWhatFollowsIt() {
    lab.reversible = true;
    assertThat(
            describe(
                lab.batch(
                    () -> lab.save(token(1, "a"), token(1, "b")),
                    () -> lab.save(token(1, "c")),
                    () -> lab.store.delete(TOKEN, 7L))))
        .containsExactly("1@1 ? -> b", "1@2 b -> c", "7@3 ? -> null");
  }

  @Test
  @DisplayName("a change names the event that made it last")
  void change_namesItsEvent() {
    lab.opened();
    ChangeSet set =
        lab.batch(
            () -> lab.save(token(1, "a")),
            () -> lab.save(token(2, "a")),
            () -> lab.save(token(1, "b")));
    TableChanges<?> changes = set.tables().getFirst();
    assertThat(List.of(changes.event(0), changes.event(1))).containsExactly(2, 1);
  }

  @Test
  @DisplayName("an immutable row that memory knows is neither saved again nor deleted")
  void immutableRow_isRefusedASecondTime() {
    lab.opened();
    lab.batch(() -> {
      lab.save(new Note(1, "once"));
      lab.find(NOTE, 1L);
      assertThatThrownBy(() -> lab.save(new Note(1, "twice")))
          .hasMessage("row is immutable and exists already: entity=Note table=note id=1");
      assertThatThrownBy(() -> lab.store.delete(NOTE, 1L))
          .hasMessage("row is immutable and cannot be deleted: entity=Note id=1");
    });
  }

  @Test
  @DisplayName("a rewind forgets rows, absence, filters and completeness")
  void rewind_forgetsEverything() {
    lab.opened();
    lab.batch(() -> lab.save(token(1, "a")));
    lab.ownedBy("a");
    lab.store.rewind(0);
    lab.transit.clear();

    assertThat(lab.store.bytes()).isZero();
    assertThat(lab.ownedBy("a")).isEmpty();
    assertThat(lab.find(TOKEN, 1L)).isEmpty();
    assertThat(lab.database.queries).hasSize(2);
    assertThat(describe(lab.batch(() -> lab.save(token(1, "b"))))).containsExactly("1@1 null -> b");
  }

  private static List<String> describe(ChangeSet set) {
    List<String> all = new ArrayList<>();
    for (TableChanges<?> changes : set.tables()) {
      for (int i = 0; i < changes.size(); i++) {
        Object before = changes.isBlind(i) ? "?" : owner(changes.before(i));
        all.add(
            changes.id(i)
                + "@"
                + changes.checkpoint(i)
                + " "
                + before
                + " -> "
                + owner(changes.after(i)));
      }
    }
    return all;
  }

  private static String owner(@org.jspecify.annotations.Nullable Object row) {
    return row == null ? "null" : ((Token) row).owner();
  }
}
