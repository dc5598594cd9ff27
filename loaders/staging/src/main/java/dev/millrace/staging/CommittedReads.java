package dev.millrace.staging;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Query;
import dev.millrace.loaders.RowFilter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads committed rows of one lane from its database. Each call sees one snapshot and may run while
 * a commit is in flight.
 */
public interface CommittedReads {
  /** Returns the rows of these ids, in any order; an id without a row is left out. */
  <E> List<E> byIds(EntityType<E> type, Collection<Object> ids);

  /** Returns the rows that match any of these filters, each once, in any order. */
  <E> List<E> matching(EntityType<E> type, Collection<RowFilter> filters);

  /** Returns the first {@code size} rows after {@code after} in a query's total order. */
  <E> List<E> page(Query<E> query, @Nullable E after, int size);

  /**
   * Returns the first {@code size} rows of each of several queries that are {@link Query#shape
   * alike}, in the order of the queries. A store that can answers them in one round trip.
   */
  default <E> List<List<E>> pages(List<Query<E>> queries, int size) {
    List<List<E>> pages = new ArrayList<>();
    for (Query<E> query : queries) {
      pages.add(page(query, null, size));
    }
    return pages;
  }

  /** True if the lane has no row in this table. */
  boolean isEmpty(EntityType<?> type);
}
