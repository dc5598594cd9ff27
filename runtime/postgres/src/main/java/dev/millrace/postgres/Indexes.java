package dev.millrace.postgres;

import dev.millrace.loaders.Column;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Probe;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Builds indexes once and for good. Each is one transaction: a build that is killed leaves nothing
 * behind, and a second try begins anew.
 */
final class Indexes {
  private static final Logger LOG = LoggerFactory.getLogger(Indexes.class);

  private final String schema;
  private final Probe probe;

  Indexes(String schema, Probe probe) {
    this.schema = schema;
    this.probe = probe;
  }

  /** What a query of a handler needs. */
  void build(Handle handle, EntityType<?> type, Collection<String> names) {
    List<Column> columns = names.stream().map(name -> column(type, name)).distinct().toList();
    if (!columns.isEmpty() && !isKey(type, columns)) {
      build(handle, new Wanted(type, columns), 1, 1);
    }
  }

  /** What the definition asks for and does not exist yet. */
  void buildRest(Handle handle, Collection<EntityType<?>> types) {
    List<Wanted> rest = new ArrayList<>();
    for (EntityType<?> type : types) {
      for (Column column : type.columns()) {
        List<Column> alone = List.of(column);
        if (column.isIndexed() && !isKey(type, alone)) {
          rest.add(new Wanted(type, alone));
        }
      }
    }
    rest.removeIf(wanted -> exists(handle, wanted));
    for (int i = 0; i < rest.size(); i++) {
      build(handle, rest.get(i), i + 1, rest.size());
    }
  }

  private record Wanted(EntityType<?> type, List<Column> columns) {
    /** Tells table from columns, so that no two indexes share a name. */
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

  /** The primary key serves its first columns already. */
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

  /** A query without its index is slow; a lane that ends because of it is no use at all. */
  private static boolean isTooLong(JdbiException failed) {
    SQLException sql = SqlErrors.sql(failed);
    return sql != null && SqlErrors.state(sql).equals("54000");
  }

  private void build(Handle handle, Wanted wanted, int number, int count) {
    if (exists(handle, wanted)) {
      return;
    }
    String table = new Table<>(schema, wanted.type()).name();
    String columns =
        String.join(", ", wanted.columns().stream().map(Column::sql).map(Names::quoted).toList());
    LOG.info("index is being built: index={} number={} of={}", wanted.name(), number, count);
    long began = System.nanoTime();
    try {
      handle.useTransaction(_ -> {
        // Two lanes may come to the same index at once.
        new Schema(handle, schema).lock();
        handle.execute(
            "CREATE INDEX IF NOT EXISTS %s ON %s (chain, %s)"
                .formatted(Names.quoted(wanted.name()), table, columns));
        probe.pass(Probe.Point.BUILDING_INDEX, number);
      });
    } catch (JdbiException failed) {
      if (!isTooLong(failed)) {
        throw failed;
      }
      LOG.warn(
          "index cannot be built, rows hold values that are too long for one: index={}",
          wanted.name());
      return;
    }
    handle.execute("ANALYZE " + table);
    LOG.info(
        "index is built: index={} millis={}",
        wanted.name(),
        (System.nanoTime() - began) / 1_000_000);
  }
}
