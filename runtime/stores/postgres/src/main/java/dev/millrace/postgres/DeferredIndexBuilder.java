package dev.millrace.postgres;

import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.postgres.client.PostgresErrors;
import dev.millrace.postgres.client.RequestWatchdog;
import dev.millrace.postgres.client.SqlIdentifiers;
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
final class DeferredIndexBuilder {
  private static final Logger LOG = LoggerFactory.getLogger(DeferredIndexBuilder.class);

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
  private final Failpoint failpoint;
  private final Watch watch;

  /** Indexes that could not be built by this process, with the reason. */
  private final Map<String, String> missing = new ConcurrentSkipListMap<>();

  /** Watches a build for as long as it takes. */
  @FunctionalInterface
  interface Watch {
    RequestWatchdog.Request begin(String doing, Connection connection) throws SQLException;
  }

  DeferredIndexBuilder(String schema, Failpoint failpoint, Watch watch) {
    this.schema = schema;
    this.failpoint = failpoint;
    this.watch = watch;
  }

  /** Builds the index that a query of a handler needs. */
  void build(Handle handle, EntityType<?> type, Collection<String> names) throws SQLException {
    List<EntityColumn> columns = names.stream().map(name -> column(type, name)).distinct().toList();
    if (!isKey(type, columns) && !IndexKeyExpression.of(columns).isEmpty()) {
      build(handle, new Wanted(type, columns), 1, 1);
    }
  }

  /** Builds the missing indexes of the definition. */
  void buildRest(Handle handle, Collection<EntityType<?>> types) throws SQLException {
    List<Wanted> rest = new ArrayList<>();
    for (EntityType<?> type : types) {
      for (EntityColumn column : type.columns()) {
        List<EntityColumn> alone = List.of(column);
        if (column.isIndexed() && !isKey(type, alone) && !IndexKeyExpression.of(alone).isEmpty()) {
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

  private record Wanted(EntityType<?> type, List<EntityColumn> columns) {
    /** Separates table and columns by dots, so that no two indexes share a name. */
    String name() {
      return SqlIdentifiers.fitted(
          type.table() + "." + String.join(".", columns.stream().map(EntityColumn::sql).toList()));
    }
  }

  private static EntityColumn column(EntityType<?> type, String name) {
    return type.columns().stream()
        .filter(column -> column.name().equals(name) || column.sql().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new MillraceException(
                Remedy.REPORT_BUG,
                "entity has no such column: entity=%s column=%s".formatted(type, name)));
  }

  /** True if the primary key begins with these columns and serves the query already. */
  private static boolean isKey(EntityType<?> type, List<EntityColumn> columns) {
    return columns.size() <= type.ids().size()
        && type.ids().subList(0, columns.size()).equals(columns);
  }

  private boolean exists(Handle handle, Wanted wanted) {
    return handle
        .createQuery("SELECT to_regclass(:name) IS NOT NULL")
        .bind("name", SqlIdentifiers.quoted(schema) + "." + SqlIdentifiers.quoted(wanted.name()))
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
      handle.execute("ANALYZE " + new EntityTable<>(schema, wanted.type()).name());
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
                  SqlIdentifiers.quoted(wanted.name()),
                  new EntityTable<>(schema, wanted.type()).name(),
                  String.join(", ", IndexKeyExpression.of(wanted.columns()))));
      failpoint.reached(Failpoint.Point.BUILDING_INDEX, number);
    });
  }

  private void leaveOut(Handle handle, Wanted wanted, JdbiException failed) {
    SQLException sql = PostgresErrors.sql(failed);
    if (sql == null || PostgresErrors.isWorthANewSession(sql)) {
      throw failed;
    }
    String problem = String.valueOf(PostgresErrors.translate("building", failed).getMessage());
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
