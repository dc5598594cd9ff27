package dev.millrace.postgres;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.FieldCondition;
import dev.millrace.loaders.Query;
import dev.millrace.postgres.client.RecordSendDecoder;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * Limited queries that differ only in the values compared, sent as one statement: the values form a
 * table, and each of its rows is joined with the first rows that match. The planner sees one query,
 * and an index range scan answers each.
 */
final class BatchedQueries<E> {
  private final List<Query<E>> queries;
  private final PredicateBuilder predicates = new PredicateBuilder();

  BatchedQueries(List<Query<E>> queries) {
    this.queries = queries;
  }

  EntityType<E> type() {
    return queries.getFirst().type();
  }

  String sql(EntityTable<E> table, long chain, int size) {
    List<FieldCondition> conditions = queries.getFirst().filter().conditions();
    List<String> arrays = new ArrayList<>();
    List<String> names = new ArrayList<>();
    StringBuilder matches = new StringBuilder();
    for (int i = 0; i < conditions.size(); i++) {
      FieldCondition condition = conditions.get(i);
      arrays.add(predicates.many(condition.column().type(), values(i)));
      names.add("c" + i);
      matches.append(
          " AND %s %s k.c%d"
              .formatted(
                  PredicateBuilder.name(condition.column()), operator(condition.operator()), i));
      int at = i;
      IndexKeyExpression.beginning(condition.column(), PredicateBuilder.name(condition.column()))
          .ifPresent(beginning -> {
            List<Object> beginnings =
                values(at).stream().map(IndexKeyExpression::beginning).toList();
            arrays.add(predicates.many(condition.column().type(), beginnings));
            names.add("b" + at);
            matches.append(
                " AND %s %s k.b%d"
                    .formatted(
                        beginning, PredicateBuilder.implied(operator(condition.operator())), at));
          });
    }
    return """
    SELECT k.n, p.fields
      FROM unnest(%s) WITH ORDINALITY AS k (%s, n)
     CROSS JOIN LATERAL (
       SELECT %s AS fields FROM %s AS t WHERE t.chain = %d%s ORDER BY %s LIMIT %d) AS p
    """
        .formatted(
            String.join(", ", arrays),
            String.join(", ", names),
            table.row("t"),
            table,
            chain,
            matches,
            PredicateBuilder.order(queries.getFirst().totalOrder()),
            size);
  }

  private List<Object> values(int condition) {
    return queries.stream()
        .map(query -> query.filter().conditions().get(condition).value())
        .toList();
  }

  private static String operator(FieldCondition.Operator operator) {
    return switch (operator) {
      case IS -> "=";
      case ABOVE -> ">";
      case AT_LEAST -> ">=";
      case BELOW -> "<";
      case AT_MOST -> "<=";
      case IN -> throw new IllegalArgumentException("queries that list values are not alike");
    };
  }

  void bind(PreparedStatement statement) throws SQLException {
    predicates.bind(statement);
  }

  /** Returns the rows of each query, sorted here because a join guarantees no order. */
  List<List<E>> pages(ResultSet result) throws SQLException {
    RecordSendDecoder<E> decoder = new RecordSendDecoder<>(type());
    List<List<E>> pages = new ArrayList<>();
    queries.forEach(_ -> pages.add(new ArrayList<>()));
    while (result.next()) {
      pages.get((int) (result.getLong(1) - 1)).add(decoder.row(result.getBytes(2)));
    }
    for (int i = 0; i < pages.size(); i++) {
      pages.get(i).sort(queries.get(i).comparator());
    }
    return pages;
  }
}
