package dev.millrace.staging;

import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.QueryBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A staged store over a {@link MapReads}: tests run batches and commits step by step. */
final class LoaderFixtures {
  @Entity
  record Token(@Id long id, long number, String owner, @Nullable String label) {
    Token ownedBy(String other) {
      return new Token(id, number, other, label);
    }
  }

  @Entity
  record Pair(@Id String left, @Id int right, long value) {}

  @Entity(immutable = true)
  record Note(@Id long id, String text) {}

  static final EntityType<Token> TOKEN = EntityType.of(Token.class);
  static final EntityType<Pair> PAIR = EntityType.of(Pair.class);
  static final EntityType<Note> NOTE = EntityType.of(Note.class);

  final List<EntityType<?>> types;
  final MapReads database;
  final StagedStore store;
  final ReadThroughLoader loader;
  final List<ChangeSet> transit = new ArrayList<>();
  boolean reversible;

  LoaderFixtures() {
    this(new MapReads(), List.of(TOKEN, PAIR, NOTE));
  }

  LoaderFixtures(MapReads database, List<EntityType<?>> types) {
    this.database = database;
    this.types = types;
    this.store = new StagedStore(types);
    this.loader = new ReadThroughLoader(store, database);
    store.open(0, List.of());
  }

  static Token token(long id, String owner) {
    return new Token(id, id, owner, null);
  }

  /** Opens the lane; empty tables are complete. */
  LoaderFixtures opened() {
    store.open(0, types.stream().filter(database::isEmpty).toList());
    return this;
  }

  /** Runs a batch of one block per {@code Runnable}. */
  ChangeSet batch(Runnable... blocks) {
    store.begin(reversible);
    int event = 0;
    for (Runnable block : blocks) {
      store.nextBlock();
      store.nextEvent(event++);
      block.run();
    }
    ChangeSet set = store.freeze();
    transit.add(set);
    return set;
  }

  /** Makes everything in transit durable, as one group. */
  void commit() {
    land();
    heard();
  }

  /** Commits to the database; the execute thread does not know that yet. */
  void land() {
    database.commit(transit, types);
    transit.clear();
  }

  void heard() {
    store.committed(store.checkpoint());
  }

  void save(Object... rows) {
    for (Object row : rows) {
      store.save(row);
    }
  }

  <E> Optional<E> find(EntityType<E> type, Object... id) {
    return loader.find(type, type.id(id));
  }

  <E> QueryBuilder<E> query(EntityType<E> type) {
    return new QueryBuilder<>(type, loader::query);
  }

  List<Token> ownedBy(String owner) {
    return query(TOKEN).where(Token::owner).is(owner).list();
  }
}
