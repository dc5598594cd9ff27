package dev.millrace.postgres;

import dev.millrace.loaders.Column;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Probe;
import dev.millrace.postgres.client.Names;
import dev.millrace.postgres.client.RequestWatch;
import dev.millrace.postgres.client.SqlErrors;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Builds indexes, each in one transaction: a build that is killed leaves nothing behind, and a
 * second try starts from scratch. An index only makes queries fast, so one that cannot be built is
 * a warning and a line in the status, and the lane goes on without it.
 */
final class Indexes {
  private static final Logger LOG = LoggerFactory.getLogger(Indexes.class);

  // Two lanes may build one index at once. The lock of the schema would do as well, but then every
  // process that opens or resets the schema would wait for the end of the build.
  private static final String LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(?, 8))";

  private static final String RECORD =
      """
      INSERT INTO millrace_missing_index (name, at, problem)
      VALUES (:name, clock_timestamp(), :problem)
          ON CONFLICT (name) DO UPDATE SET at = EXCLUDED.at, problem = EXCLUDED.problem
      """;

  private static final String FORGET = "DELETE FROM millrace_missing_index WHERE name = :name";

  private final String schema;
  private final Probe probe;
  private final Watch watch;

  /** Indexes that could not be built by this process, with the reason. */
  private final Map<String, String> missing = new ConcurrentSkipListMap<>();

  /** Watches a build for as long as it takes. */
  @FunctionalInterface
  interface Watch {
    RequestWatch.Request begin(String doing, Connection connection) throws SQLException;
  }

  Indexes(String schema, Probe probe, Watch watch) {
    this.schema = schema;
    this.probe = probe;
    this.watch = watch;
  }

  /** Builds the index that a query of a handler needs. */
  void build(Handle handle, EntityType<?> type, Collection<String> names) throws SQLException {
    List<Column> columns = names.stream().map(name -> column(type, name)).distinct().toList();
    if (!isKey(type, columns) && !IndexKey.of(columns).isEmpty()) {
      build(handle, new Wanted(type, columns), 1, 1);
    }
  }

  /** Builds the missing indexes of the definition. */
  void buildRest(Handle handle, Collection<EntityType<?>> types) throws SQLException {
    List<Wanted> rest = new ArrayList<>();
    for (EntityType<?> type : types) {
      for (Column column : type.columns()) {
        List<Column> alone = List.of(column);
        if (column.isIndexed() && !isKey(type, alone) && !IndexKey.of(alone).isEmpty()) {
          rest.add(new Wanted(type, alone));
        }
      }
    }
    rest.removeIf(wanted -> exists(handle, wanted));
    for (int i = 0; i < rest.size(); i++) {
      build(handle, rest.get(i), i + 1, rest.size());
    }
  }

  /** Describes the indexes that are missing. Any thread. */
  List<String> doubts() {
    return missing.entrySet().stream()
        .map(index ->
            "index is missing, and queries are slow without it: index=%s reason=\"%s\""
                .formatted(index.getKey(), index.getValue()))
        .toList();
  }

  private record Wanted(EntityType<?> type, List<Column> columns) {
    /** Separates table and columns by dots, so that no two indexes share a name. */
    String name() {
      return Names.fitted(
          type.table() + "." + String.join(".", columns.stream().map(Column::sql).toList()));
    }
  }

  private static Column column(EntityType<?> type, String name) {
    return type.columns().stream()
        .filter(column -> column.name().equals(name) || column.sql().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new MillraceException(
                Remedy.REPORT_BUG,
                "entity has no such column: entity=%s column=%s".formatted(type, name)));
  }

  /** True if the primary key begins with these columns and serves the query already. */
  private static boolean isKey(EntityType<?> type, List<Column> columns) {
    return columns.size() <= type.ids().size()
        && type.ids().subList(0, columns.size()).equals(columns);
  }

  private boolean exists(Handle handle, Wanted wanted) {
    return handle
        .createQuery("SELECT to_regclass(:name) IS NOT NULL")
        .bind("name", Names.quoted(schema) + "." + Names.quoted(wanted.name()))
        .mapTo(Boolean.class)
        .one();
  }

  private void build(Handle handle, Wanted wanted, int number, int count) throws SQLException {
    if (exists(handle, wanted)) {
      return;
    }
    LOG.info("index is being built: index={} number={} of={}", wanted.name(), number, count);
    long began = System.nanoTime();
    String doing = "building index " + wanted.name();
    try (var _ = watch.begin(doing, handle.getConnection())) {
      create(handle, wanted, number);
      handle.execute("ANALYZE " + new Table<>(schema, wanted.type()).name());
      missing.remove(wanted.name());
      handle.createUpdate(FORGET).bind("name", wanted.name()).execute();
    } catch (JdbiException failed) {
      leaveOut(handle, wanted, failed);
      return;
    }
    LOG.info(
        "index is built: index={} millis={}",
        wanted.name(),
        (System.nanoTime() - began) / 1_000_000);
  }

  private void create(Handle handle, Wanted wanted, int number) {
    handle.useTransaction(_ -> {
      // The process may be stopped before the COMMIT, and other lanes commit into this table.
      handle.execute(Takeover.IDLE_TIMEOUT);
      handle.execute(LOCK, "millrace index %s.%s".formatted(schema, wanted.name()));
      handle.execute(
          "CREATE INDEX IF NOT EXISTS %s ON %s (chain, %s)"
              .formatted(
                  Names.quoted(wanted.name()),
                  new Table<>(schema, wanted.type()).name(),
                  String.join(", ", IndexKey.of(wanted.columns()))));
      probe.pass(Probe.Point.BUILDING_INDEX, number);
    });
  }

  private void leaveOut(Handle handle, Wanted wanted, JdbiException failed) {
    SQLException sql = SqlErrors.sql(failed);
    if (sql == null || SqlErrors.isWorthANewSession(sql)) {
      throw failed;
    }
    String problem = String.valueOf(SqlErrors.translate("building", failed).getMessage());
    missing.put(wanted.name(), problem);
    LOG.warn(
        "index cannot be built, and queries are slow without it: index={} reason=\"{}\"",
        wanted.name(),
        problem);
    try {
      handle.createUpdate(RECORD).bind("name", wanted.name()).bind("problem", problem).execute();
    } catch (JdbiException full) {
      LOG.warn("missing index cannot be recorded: index={}", wanted.name(), full);
    }
  }
}
