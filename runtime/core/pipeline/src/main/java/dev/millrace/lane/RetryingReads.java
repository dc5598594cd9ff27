package dev.millrace.lane;

import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Query;
import dev.millrace.loaders.RowFilter;
import dev.millrace.pipeline.BackoffRetry;
import dev.millrace.staging.CommittedReads;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads that outlast transient errors, so that no handler ever sees one, and that report the
 * indexes that the queries of handlers need.
 */
final class RetryingReads implements CommittedReads {
  /** Columns by which a query looks up rows. */
  record IndexNeed(EntityType<?> type, List<String> columns) {}

  private final CommittedReads reads;
  private final BackoffRetry retry;
  private final Consumer<IndexNeed> needed;
  private final Set<IndexNeed> known = ConcurrentHashMap.newKeySet();

  RetryingReads(CommittedReads reads, BackoffRetry retry, Consumer<IndexNeed> needed) {
    this.reads = reads;
    this.retry = retry;
    this.needed = needed;
  }

  @Override
  public <E> List<E> byIds(EntityType<E> type, Collection<Object> ids) {
    return retry.call("read of " + type.table(), () -> reads.byIds(type, ids));
  }

  @Override
  public <E> List<E> matching(EntityType<E> type, Collection<RowFilter> filters) {
    filters.forEach(filter -> need(type, filter, List.of()));
    return retry.call("query of " + type.table(), () -> reads.matching(type, filters));
  }

  @Override
  public <E> List<E> page(Query<E> query, @Nullable E after, int size) {
    need(query.type(), query.filter(), query.orders());
    return retry.call("query of " + query.type().table(), () -> reads.page(query, after, size));
  }

  @Override
  public <E> List<List<E>> pages(List<Query<E>> alike, int size) {
    Query<E> first = alike.getFirst();
    need(first.type(), first.filter(), first.orders());
    return retry.call("query of " + first.type().table(), () -> reads.pages(alike, size));
  }

  @Override
  public boolean isEmpty(EntityType<?> type) {
    return retry.call("read of " + type.table(), () -> reads.isEmpty(type));
  }

  private void need(EntityType<?> type, RowFilter filter, List<Query.Order> orders) {
    Set<String> columns = new LinkedHashSet<>();
    Stream.concat(
            filter.conditions().stream().map(condition -> condition.column()),
            orders.stream().map(Query.Order::column))
        .map(EntityColumn::name)
        .forEach(columns::add);
    if (!columns.isEmpty()) {
      IndexNeed need = new IndexNeed(type, List.copyOf(columns));
      if (known.add(need)) {
        needed.accept(need);
      }
    }
  }
}
