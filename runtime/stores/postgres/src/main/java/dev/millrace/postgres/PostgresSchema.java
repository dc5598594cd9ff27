package dev.millrace.postgres;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Indexer;
import dev.millrace.postgres.client.SqlIdentifiers;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jdbi.v3.core.Handle;

/**
 * The schema of one indexer: created at the first start, and at every later one compared with the
 * indexer's definition. Each call is one transaction beside which no other process can run one.
 */
final class PostgresSchema {
  private final Handle handle;
  private final String name;

  PostgresSchema(Handle handle, String name) {
    this.handle = handle;
    this.name = name;
  }

  /** Creates what is missing; refuses a schema that is not ours or has another definition. */
  void open(Indexer indexer) {
    checkNames(indexer);
    handle.useTransaction(_ -> {
      lock();
      if (isOurs()) {
        SchemaFingerprint before = stored();
        SchemaFingerprint wanted = SchemaFingerprint.of(indexer);
        checkUnchanged(before, wanted);
        checkOnlyOurs();
        upgrade(indexer);
        if (!before.equals(wanted)) {
          store(wanted); // constants added since
        }
      } else {
        checkEmpty();
        create(indexer);
      }
    });
  }

  /**
   * Serializes processes that start at once, so that they make one schema. A process that is
   * stopped while it has the lock, and holds no lane whose taker could end its session, loses the
   * lock to the server's own timeout.
   */
  void lock() {
    handle.execute(Takeover.IDLE_TIMEOUT);
    handle.execute("SELECT pg_advisory_xact_lock(hashtextextended(?, 7))", "millrace " + name);
  }

  boolean isOurs() {
    return handle
        .createQuery("SELECT to_regclass(:table) IS NOT NULL")
        .bind("table", SqlIdentifiers.quoted(name) + ".millrace_schema")
        .mapTo(Boolean.class)
        .one();
  }

  private void checkNames(Indexer indexer) {
    List<String> mistakes = new ArrayList<>();
    if (name.isEmpty() || !SqlIdentifiers.fits(name) || name.startsWith("pg_")) {
      mistakes.add("indexer's name must fit a schema, at most 63 bytes and not pg_…: name=" + name);
    }
    Set<String> tables = new TreeSet<>();
    for (EntityType<?> type : indexer.entities()) {
      if (!tables.add(type.table())) {
        mistakes.add("two entities take one table: table=" + type.table());
      }
    }
    if (!mistakes.isEmpty()) {
      throw new MillraceException(Remedy.FIX_SETUP, String.join("; ", mistakes));
    }
  }

  private void create(Indexer indexer) {
    boolean exists =
        handle
            .createQuery("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = :name)")
            .bind("name", name)
            .mapTo(Boolean.class)
            .one();
    if (!exists) {
      handle.execute("CREATE SCHEMA " + SqlIdentifiers.quoted(name));
    }
    BookkeepingDdl.TABLES.forEach(handle::execute);
    handle.execute(
        "INSERT INTO millrace_schema VALUES (?, ?, now())",
        BookkeepingDdl.VERSION,
        UUID.randomUUID());
    indexer.entities().stream()
        .filter(type -> indexer.storage(type).isInPostgres())
        .forEach(this::createTables);
    store(SchemaFingerprint.of(indexer));
  }

  void createTables(EntityType<?> type) {
    EntityTable<?> table = new EntityTable<>(name, type);
    handle.execute(table.create());
    handle.execute(table.createUndo());
    handle.execute("INSERT INTO millrace_table VALUES (?)", type.table());
  }

  void store(SchemaFingerprint definition) {
    handle.execute("DELETE FROM millrace_definition");
    definition
        .entries()
        .forEach((key, value) ->
            handle.execute("INSERT INTO millrace_definition VALUES (?, ?)", key, value));
  }

  SchemaFingerprint stored() {
    int version = version();
    if (version < 1 || version > BookkeepingDdl.VERSION) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "schema was made by another version of Millrace: schema=%s made=%d understood=%d"
              .formatted(name, version, BookkeepingDdl.VERSION));
    }
    TreeMap<String, String> entries = new TreeMap<>();
    handle
        .createQuery("SELECT key, value FROM millrace_definition")
        .map((row, _) -> entries.put(row.getString(1), row.getString(2)))
        .list();
    return new SchemaFingerprint(entries);
  }

  private int version() {
    return handle.createQuery("SELECT version FROM millrace_schema").mapTo(Integer.class).one();
  }

  /** Brings Millrace's own tables up to date; does not touch rows of entities. */
  private void upgrade(Indexer indexer) {
    if (version() == 1) {
      BookkeepingDdl.FROM_VERSION_1.forEach(handle::execute);
    }
    if (version() == 2) {
      BookkeepingDdl.FROM_VERSION_2.forEach(handle::execute);
    }
    if (version() == 3) {
      BookkeepingDdl.FROM_VERSION_3.forEach(handle::execute);
      indexer.entities().forEach(type -> new LegacyIndexCleanup(handle, name).drop(type));
    }
    if (version() == 4) {
      BookkeepingDdl.FROM_VERSION_4.forEach(handle::execute);
    }
  }

  /** Refuses a schema that was made for another definition or is not up to date yet. */
  void checkCurrent(Indexer indexer) {
    checkUnchanged(stored(), SchemaFingerprint.of(indexer));
    if (version() < BookkeepingDdl.VERSION) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "schema was made by an earlier version of Millrace: schema=%s made=%d. "
                  .formatted(name, version())
              + "`run` brings it up to date");
    }
  }

  private void checkUnchanged(SchemaFingerprint before, SchemaFingerprint wanted) {
    List<String> changes = before.changesTo(wanted);
    if (!changes.isEmpty()) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          """
          schema was made for another definition: schema=%s
            %s
          Nothing was touched. `reset --yes` deletes the schema and indexes anew; `accept --from-here` \
          goes on with the new definition where the rows can follow it, and says what cannot.\
          """
              .formatted(name, String.join("\n  ", changes)));
    }
  }

  private void checkEmpty() {
    List<String> strangers = tables();
    if (!strangers.isEmpty()) {
      throw refusedTables("schema holds tables that Millrace did not make", strangers);
    }
  }

  private void checkOnlyOurs() {
    checkNoForeignTables();
    List<String> writers = new ForeignTriggerCheck(handle, name).find();
    if (!writers.isEmpty()) {
      throw refusedTables("Millrace must be the only writer of its tables", writers);
    }
  }

  private MillraceException refusedTables(String rule, List<String> found) {
    return new MillraceException(
        Remedy.FIX_SETUP, "%s: schema=%s found=%s".formatted(rule, name, String.join(", ", found)));
  }

  private List<String> tables() {
    return handle
        .createQuery(
            """
            SELECT relname FROM pg_class
             WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = :name)
               AND relkind IN ('r', 'p', 'f')
             ORDER BY relname
            """)
        .bind("name", name)
        .mapTo(String.class)
        .list();
  }

  /** Adapts the schema to a changed definition from now on; returns the changes. */
  List<String> accept(Indexer indexer) {
    checkNames(indexer);
    return handle.inTransaction(_ -> {
      lock();
      if (!isOurs()) {
        throw new MillraceException(
            Remedy.FIX_SETUP, "there is nothing to accept a change for: schema=" + name);
      }
      SchemaFingerprint before = stored();
      upgrade(indexer);
      SchemaFingerprint wanted = SchemaFingerprint.of(indexer);
      List<String> changes = before.changesTo(wanted);
      if (!changes.isEmpty()) {
        new LaneRegistry(handle).requireFree("a change cannot be accepted");
        checkOnlyOurs();
        migrate(indexer, before);
        store(wanted);
        new LaneRegistry(handle).fence();
        changes.forEach(
            change -> handle.execute("INSERT INTO millrace_accepted VALUES (now(), ?)", change));
      }
      return changes;
    });
  }

  private void migrate(Indexer indexer, SchemaFingerprint before) {
    List<String> impossible = new ArrayList<>();
    for (EntityType<?> type : indexer.entities()) {
      boolean isHere = indexer.storage(type).isInPostgres();
      if (before.knows(type.table()) && before.hasTable(type.table()) != isHere) {
        impossible.add(
            "%s: rows that exist do not move from one store to another".formatted(type.table()));
      } else if (isHere) {
        impossible.addAll(migrate(type, before));
      }
    }
    if (!impossible.isEmpty()) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          """
          rows that exist cannot follow this change: schema=%s
            %s
          Only `reset` helps: it deletes the schema and indexes anew.\
          """
              .formatted(name, String.join("\n  ", impossible)));
    }
  }

  /** Returns the changes that are impossible. */
  private List<String> migrate(EntityType<?> type, SchemaFingerprint before) {
    if (before.knows(type.table())) {
      return new TableMigration(handle, new EntityTable<>(name, type), before).run();
    }
    if (tables().contains(type.table())) {
      return List.of(
          "%s: the table is there from an earlier definition, with the rows it had then"
              .formatted(type.table()));
    }
    createTables(type);
    return List.of();
  }

  /** Deletes the schema with everything in it, but never while a process holds one of its lanes. */
  boolean reset() {
    return handle.inTransaction(_ -> {
      lock();
      if (!isOurs()) {
        checkEmpty();
        return false;
      }
      new LaneRegistry(handle).requireFree("a schema cannot be reset");
      checkNoForeignTables();
      dropAllButEpochs();
      return true;
    });
  }

  /**
   * Epochs go on behind those that were drawn: a process that was stopped before wakes up with an
   * epoch that is no one's any more.
   */
  private void dropAllButEpochs() {
    long next =
        handle.createQuery("SELECT last_value + 1 FROM millrace_epochs").mapTo(Long.class).one();
    String schema = SqlIdentifiers.quoted(name);
    handle.execute("DROP SCHEMA " + schema + " CASCADE");
    handle.execute("CREATE SCHEMA " + schema);
    handle.execute("CREATE SEQUENCE %s.millrace_epochs AS bigint START %d".formatted(schema, next));
  }

  private void checkNoForeignTables() {
    Set<String> ours =
        new TreeSet<>(
            handle.createQuery("SELECT name FROM millrace_table").mapTo(String.class).list());
    List<String> strangers =
        tables().stream()
            .filter(table -> !ours.contains(table) && !table.startsWith("millrace_"))
            .toList();
    if (!strangers.isEmpty()) {
      throw refusedTables("schema holds tables that Millrace did not make", strangers);
    }
  }
}
