package dev.millrace.postgres;

import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Query;
import dev.millrace.loaders.RowFilter;
import dev.millrace.postgres.client.RecordSendDecoder;
import dev.millrace.postgres.client.WatchedReadPool;
import dev.millrace.staging.CommittedReads;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Committed rows of one lane: one statement per call, on a connection that no commit uses. */
final class PostgresReads implements CommittedReads {
  private final WatchedReadPool pool;
  private final String schema;
  private final long chain;

  PostgresReads(WatchedReadPool pool, String schema, long chain) {
    this.pool = pool;
    this.schema = schema;
    this.chain = chain;
  }

  @Override
  public <E> List<E> byIds(EntityType<E> type, Collection<Object> ids) {
    if (ids.isEmpty()) {
      return List.of();
    }
    EntityTable<E> table = new EntityTable<>(schema, type);
    PredicateBuilder predicates = new PredicateBuilder();
    if (type.ids().size() == 1) {
      EntityColumn id = type.ids().getFirst();
      String sql =
          "SELECT %s FROM %s AS t WHERE t.chain = %d AND %s = ANY (%s)"
              .formatted(
                  table.row("t"),
                  table,
                  chain,
                  PredicateBuilder.name(id),
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
  public <E> List<E> matching(EntityType<E> type, Collection<RowFilter> filters) {
    List<List<RowFilter>> statements = PredicateBuilder.statements(filters);
    return switch (statements.size()) {
      case 0 -> List.of();
      case 1 -> reading(type, connection -> matching(connection, type, statements.getFirst()));
      default ->
          reading(
              type,
              connection -> {
                // One snapshot for all statements; the pool resets the connection afterwards.
                connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
                connection.setAutoCommit(false);
                Map<Object, E> found = new LinkedHashMap<>();
                for (List<RowFilter> some : statements) {
                  matching(connection, type, some).forEach(row -> found.put(type.id(row), row));
                }
                connection.rollback();
                return List.copyOf(found.values());
              });
    };
  }

  private <E> List<E> matching(Connection connection, EntityType<E> type, List<RowFilter> filters)
      throws SQLException {
    EntityTable<E> table = new EntityTable<>(schema, type);
    PredicateBuilder predicates = new PredicateBuilder();
    String sql =
        "SELECT %s FROM %s AS t WHERE t.chain = %d AND (%s)"
            .formatted(
                table.row("t"), table, chain, String.join(" OR ", predicates.anyOf(filters)));
    return rows(connection, type, sql, predicates);
  }

  @Override
  public <E> List<E> page(Query<E> query, @Nullable E after, int size) {
    EntityTable<E> table = new EntityTable<>(schema, query.type());
    List<Query.Order> orders = query.totalOrder();
    PredicateBuilder predicates = new PredicateBuilder();
    String filter = predicates.all(query.filter());
    String place = after == null ? "true" : predicates.after(orders, after);
    String sql =
        "SELECT %s FROM %s AS t WHERE t.chain = %d AND %s AND %s ORDER BY %s LIMIT %d"
            .formatted(
                table.row("t"), table, chain, filter, place, PredicateBuilder.order(orders), size);
    return rows(query.type(), sql, predicates);
  }

  @Override
  public <E> List<List<E>> pages(List<Query<E>> queries, int size) {
    BatchedQueries<E> alike = new BatchedQueries<>(queries);
    EntityType<E> type = alike.type();
    String sql = alike.sql(new EntityTable<>(schema, type), chain, size);
    return reading(
        type,
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(sql)) {
            alike.bind(statement);
            try (ResultSet result = statement.executeQuery()) {
              return alike.pages(result);
            }
          }
        });
  }

  @Override
  public boolean isEmpty(EntityType<?> type) {
    String sql =
        "SELECT NOT EXISTS (SELECT FROM %s WHERE chain = %d)"
            .formatted(new EntityTable<>(schema, type), chain);
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

  private <E> List<E> rows(EntityType<E> type, String sql, PredicateBuilder predicates) {
    return reading(type, connection -> rows(connection, type, sql, predicates));
  }

  private static <E> List<E> rows(
      Connection connection, EntityType<E> type, String sql, PredicateBuilder predicates)
      throws SQLException {
    RecordSendDecoder<E> decoder = new RecordSendDecoder<>(type);
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      predicates.bind(statement);
      try (ResultSet result = statement.executeQuery()) {
        List<E> rows = new ArrayList<>();
        while (result.next()) {
          rows.add(decoder.row(result.getBytes(1)));
        }
        return rows;
      }
    }
  }

  private <T> T reading(EntityType<?> type, WatchedReadPool.ReadWork<T> work) {
    return pool.reading("reading table " + type.table(), work);
  }
}
