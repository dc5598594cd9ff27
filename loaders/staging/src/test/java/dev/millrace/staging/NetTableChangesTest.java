package dev.millrace.staging;

import static dev.millrace.staging.LoaderFixtures.TOKEN;
import static dev.millrace.staging.LoaderFixtures.token;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Id;
import dev.millrace.staging.LoaderFixtures.Token;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The net effect of several batches of one group on a table. */
final class NetTableChangesTest {
  private final LoaderFixtures lab = new LoaderFixtures();

  @BeforeEach
  void readWhatIsThere() {
    lab.database.put(TOKEN, token(1, "a"));
    lab.batch(() -> {
      lab.find(TOKEN, 1L);
      lab.find(TOKEN, 2L);
    });
    lab.transit.clear();
  }

  private NetTableChanges<Token> net() {
    return NetTableChanges.of(TOKEN, MapReads.parts(TOKEN, lab.transit));
  }

  private static NetTableChanges<Token> expected(
      List<Token> inserts, List<Token> updates, List<Token> upserts, List<Object> deletes) {
    return new NetTableChanges<>(TOKEN, inserts, updates, upserts, deletes);
  }

  @Test
  @Tag("A24")
  @DisplayName("A24 deleted in one batch, saved in the next: the new row, as an update")
  void deletedThenSaved_isAnUpdate() {
    lab.batch(() -> lab.store.delete(TOKEN, 1L));
    lab.batch(() -> lab.save(token(1, "new")));
    assertThat(net())
        .isEqualTo(expected(List.of(), List.of(token(1, "new")), List.of(), List.of()));
  }

  @Test
  @Tag("A24")
  @DisplayName("A24 created in one batch, changed in the next: one insert of the last value")
  void createdThenChanged_isOneInsert() {
    lab.batch(() -> lab.save(token(2, "x")));
    lab.batch(() -> lab.save(token(2, "y")));
    assertThat(net()).isEqualTo(expected(List.of(token(2, "y")), List.of(), List.of(), List.of()));
  }

  @Test
  @Tag("A24")
  @DisplayName("A24 created and deleted in one group: no statement")
  void createdThenDeleted_isNothing() {
    lab.batch(() -> lab.save(token(2, "x")));
    lab.batch(() -> lab.store.delete(TOKEN, 2L));
    assertThat(net()).isEqualTo(expected(List.of(), List.of(), List.of(), List.of()));
  }

  @Test
  @Tag("A24")
  @DisplayName("A24 changed, then deleted: a delete")
  void changedThenDeleted_isADelete() {
    lab.batch(() -> lab.save(token(1, "x")));
    lab.batch(() -> lab.store.delete(TOKEN, 1L));
    assertThat(net()).isEqualTo(expected(List.of(), List.of(), List.of(), List.of(1L)));
  }

  @Test
  @Tag("C7")
  @DisplayName("C7 a row that ends its group as it began writes nothing")
  void changedAndChangedBack_isNothing() {
    lab.batch(() -> lab.save(token(1, "x")));
    lab.batch(() -> lab.save(token(1, "a")));
    assertThat(net()).isEqualTo(expected(List.of(), List.of(), List.of(), List.of()));
  }

  @Test
  @Tag("C7")
  @DisplayName("C7 the same within one batch, and in the window")
  void changedAndChangedBackInOneBatch_isNothing() {
    lab.reversible = true;
    lab.batch(() -> lab.save(token(1, "x")), () -> lab.save(token(1, "a")));
    assertThat(net()).isEqualTo(expected(List.of(), List.of(), List.of(), List.of()));
  }

  @Test
  @DisplayName("a blind write goes where the database decides")
  void blindWrite_isAnUpsertOrADelete() {
    lab.batch(() -> lab.save(token(8, "x"), token(9, "x")));
    lab.batch(() -> lab.save(token(8, "y")));
    lab.batch(() -> lab.store.delete(TOKEN, 9L));
    assertThat(net())
        .isEqualTo(expected(List.of(), List.of(), List.of(token(8, "y")), List.of(9L)));
  }

  /** Equal by its id, as rows of other libraries are. */
  @Entity
  record Named(@Id long id, String name) {
    @Override
    public boolean equals(Object other) {
      return other instanceof Named that && id == that.id;
    }

    @Override
    public int hashCode() {
      return Long.hashCode(id);
    }
  }

  @Test
  @Tag("C7")
  @DisplayName("C7 only a row whose columns are all as before writes nothing, whatever its equals")
  void equalsOfTheRecord_hidesNoChange() {
    EntityType<Named> type = EntityType.of(Named.class);
    LoaderFixtures named = new LoaderFixtures(new MapReads(), List.of(type));
    named.database.put(type, new Named(1, "a"));
    named.batch(() -> {
      named.find(type, 1L);
      named.save(new Named(1, "b"));
    });
    assertThat(NetTableChanges.of(type, MapReads.parts(type, named.transit)).updates())
        .extracting(Named::name)
        .containsExactly("b");
  }
}
