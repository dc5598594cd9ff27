package dev.millrace.staging;

import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.FieldCondition;
import dev.millrace.loaders.Query;
import dev.millrace.loaders.RowFilter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Groups the reads of many handlers: one query per entity for ids, one per entity and field for
 * values of that field, one per entity for all other filters, one for all limited queries that are
 * {@linkplain Query#shape alike}.
 *
 * <p>Confined to the execute thread or to the thread that runs in its place while it waits.
 */
public final class GroupedLoadRound {
  private final StagedStore store;
  private final CommittedReads reads;
  private final ReadThroughLoader loader;
  private final Map<EntityType<?>, Set<Object>> ids = new LinkedHashMap<>();
  private final Map<EntityType<?>, Set<RowFilter>> filters = new LinkedHashMap<>();
  private final Map<Query.Shape, Set<Query<?>>> limited = new LinkedHashMap<>();

  GroupedLoadRound(StagedStore store, CommittedReads reads, ReadThroughLoader loader) {
    this.store = store;
    this.reads = reads;
    this.loader = loader;
  }

  public void request(EntityType<?> type, Object id) {
    ids.computeIfAbsent(type, _ -> new LinkedHashSet<>()).add(id);
  }

  public void request(Query<?> query) {
    if (query.isLimited()) {
      limited.computeIfAbsent(query.shape(), _ -> new LinkedHashSet<>()).add(query);
    } else {
      filters
          .computeIfAbsent(query.type(), _ -> new LinkedHashSet<>())
          .addAll(store.missing(query));
    }
  }

  public boolean isEmpty() {
    return ids.isEmpty() && filters.isEmpty() && limited.isEmpty();
  }

  /** Sends the queries and installs the results. The round is empty afterwards. */
  public void send() {
    loader.missed();
    ids.forEach(this::loadIds);
    filters.forEach(this::loadFilters);
    limited.values().forEach(this::loadPages);
    ids.clear();
    filters.clear();
    limited.clear();
  }

  @SuppressWarnings("unchecked") // alike queries are of one entity
  private <E> void loadPages(Set<Query<?>> alike) {
    List<Query<E>> queries = new ArrayList<>();
    alike.forEach(query -> queries.add((Query<E>) query));
    loader.loadPages(queries);
  }

  private <E> void loadIds(EntityType<E> type, Set<Object> wanted) {
    wanted.removeIf(id -> store.knows(type, id));
    if (wanted.isEmpty()) {
      return;
    }
    for (E row : reads.byIds(type, wanted)) {
      store.install(type, row);
    }
    for (Object id : wanted) {
      store.installAbsent(type, id); // does nothing if a row was found
    }
  }

  private <E> void loadFilters(EntityType<E> type, Set<RowFilter> wanted) {
    Map<EntityColumn, Set<RowFilter>> byValue = new LinkedHashMap<>();
    List<RowFilter> others = new ArrayList<>();
    for (RowFilter filter : wanted) {
      if (filter.isByValue()) {
        byValue
            .computeIfAbsent(filter.conditions().getFirst().column(), _ -> new LinkedHashSet<>())
            .add(filter);
      } else {
        others.add(filter);
      }
    }
    byValue.forEach((column, same) -> load(type, List.of(merged(column, same)), same));
    if (!others.isEmpty()) {
      load(type, others, others);
    }
  }

  private static RowFilter merged(EntityColumn column, Set<RowFilter> byValue) {
    List<Object> values =
        byValue.stream()
            .flatMap(filter -> filter.conditions().getFirst().values().stream())
            .toList();
    return RowFilter.of(FieldCondition.in(column, values));
  }

  private <E> void load(
      EntityType<E> type, Iterable<RowFilter> asked, Iterable<RowFilter> answered) {
    List<RowFilter> query = new ArrayList<>();
    asked.forEach(query::add);
    for (E row : reads.matching(type, query)) {
      store.install(type, row);
    }
    for (RowFilter filter : answered) {
      store.markLoaded(type, filter);
    }
  }
}
