package dev.millrace.postgres;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.loaders.Column;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Filter;
import dev.millrace.loaders.Query;
import dev.millrace.loaders.Reads;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Committed rows of one lane: one statement per call, on a connection that no commit uses. */
final class PostgresReads implements Reads {
  private static final int FETCH = 10_000;

  private final HikariDataSource pool;
  private final String schema;
  private final long chain;

  PostgresReads(HikariDataSource pool, String schema, long chain) {
    this.pool = pool;
    this.schema = schema;
    this.chain = chain;
  }

  @Override
  public <E> List<E> byIds(EntityType<E> type, Collection<Object> ids) {
    if (ids.isEmpty()) {
      return List.of();
    }
    Table<E> table = new Table<>(schema, type);
    Predicates predicates = new Predicates();
    if (type.ids().size() == 1) {
      Column id = type.ids().getFirst();
      String sql =
          "SELECT %s FROM %s AS t WHERE t.chain = %d AND %s = ANY (%s)"
              .formatted(
                  table.row("t"),
                  table,
                  chain,
                  Predicates.name(id),
                  predicates.many(id.type(), List.copyOf(ids)));
      return rows(type, sql, predicates);
    }
    List<String> arrays = new ArrayList<>();
    for (int i = 0; i < type.ids().size(); i++) {
      int part = i;
      List<Object> parts = ids.stream().map(id -> type.parts(id).get(part)).toList();
      arrays.add(predicates.many(type.ids().get(i).type(), parts));
    }
    String sql =
        "SELECT %s FROM unnest(%s) AS k (%s) JOIN %s AS t ON t.chain = %d AND %s"
            .formatted(
                table.row("t"),
                String.join(", ", arrays),
                table.ids(""),
                table,
                chain,
                table.sameId("k"));
    return rows(type, sql, predicates);
  }

  @Override
  public <E> List<E> matching(EntityType<E> type, Collection<Filter> filters) {
    Table<E> table = new Table<>(schema, type);
    Predicates predicates = new Predicates();
    List<String> parts = predicates.anyOf(filters);
    if (parts.isEmpty()) {
      return List.of();
    }
    String sql =
        "SELECT %s FROM %s AS t WHERE t.chain = %d AND (%s)"
            .formatted(table.row("t"), table, chain, String.join(" OR ", parts));
    return rows(type, sql, predicates);
  }

  @Override
  public <E> List<E> page(Query<E> query, @Nullable E after, int size) {
    Table<E> table = new Table<>(schema, query.type());
    List<Query.Order> orders = query.totalOrder();
    Predicates predicates = new Predicates();
    String filter = predicates.all(query.filter());
    String place = after == null ? "true" : predicates.after(orders, after);
    String sql =
        "SELECT %s FROM %s AS t WHERE t.chain = %d AND %s AND %s ORDER BY %s LIMIT %d"
            .formatted(table.row("t"), table, chain, filter, place, Predicates.order(orders), size);
    return rows(query.type(), sql, predicates);
  }

  @Override
  public boolean isEmpty(EntityType<?> type) {
    String sql =
        "SELECT NOT EXISTS (SELECT FROM %s WHERE chain = %d)"
            .formatted(new Table<>(schema, type), chain);
    return reading(
        type,
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(sql);
              ResultSet result = statement.executeQuery()) {
            result.next();
            return result.getBoolean(1);
          }
        });
  }

  private <E> List<E> rows(EntityType<E> type, String sql, Predicates predicates) {
    RowDecoder<E> decoder = new RowDecoder<>(type);
    return reading(
        type,
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(sql)) {
            predicates.bind(statement);
            statement.setFetchSize(FETCH);
            try (ResultSet result = statement.executeQuery()) {
              List<E> rows = new ArrayList<>();
              while (result.next()) {
                rows.add(decoder.row(result.getBytes(1)));
              }
              return rows;
            }
          }
        });
  }

  /** Work on a connection of the pool. */
  @FunctionalInterface
  interface Reading<T> {
    T on(Connection connection) throws SQLException;
  }

  private <T> T reading(EntityType<?> type, Reading<T> work) {
    return reading(pool, "reading table " + type.table(), work);
  }

  static <T> T reading(HikariDataSource pool, String doing, Reading<T> work) {
    try (Connection connection = pool.getConnection()) {
      return work.on(connection);
    } catch (SQLException failed) {
      throw SqlErrors.translate(doing, failed);
    }
  }
}
