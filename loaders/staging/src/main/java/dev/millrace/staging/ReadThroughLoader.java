package dev.millrace.staging;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Query;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Reads of a running batch: from memory first, then with one query per read. Where memory knows a
 * row, its version replaces the one that a query returns.
 */
public final class ReadThroughLoader {
  private static final int MIN_PAGE_ROWS = 64;
  private static final int MAX_PAGE_ROWS = 1 << 14;

  /** Rows requested beyond a limit, because memory may overrule some. */
  private static final int MARGIN = 8;

  /** Rows that one statement for many limited queries may return, about. */
  private static final int MAX_ROWS = 1 << 16;

  private final StagedStore store;
  private final CommittedReads reads;
  private long misses;

  public ReadThroughLoader(StagedStore store, CommittedReads reads) {
    this.store = store;
    this.reads = reads;
  }

  /** Number of reads so far that memory could not answer. */
  public long misses() {
    return misses;
  }

  public <E> Optional<E> find(EntityType<E> type, Object id) {
    return switch (store.find(type, id)) {
      case StagedState.Present<E>(E entity) -> Optional.of(entity);
      case StagedState.Absent<E> _ -> Optional.empty();
      case StagedState.Unknown<E> _ -> {
        misses++;
        GroupedLoadRound round = round();
        round.request(type, id);
        round.send();
        yield find(type, id);
      }
    };
  }

  public <E> List<E> query(Query<E> query) {
    Optional<List<E>> known = findInMemory(query);
    if (known.isPresent()) {
      return known.get();
    }
    misses++;
    if (query.isLimited()) {
      return page(query);
    }
    GroupedLoadRound round = round();
    round.request(query);
    round.send();
    return store.matching(query);
  }

  /** Returns the answer if memory alone can give it. */
  public <E> Optional<List<E>> findInMemory(Query<E> query) {
    if (store.missing(query).isEmpty()) {
      return Optional.of(store.matching(query));
    }
    LimitedQueryPages.Page<E> page = query.isLimited() ? store.pages().find(query) : null;
    return page == null ? Optional.empty() : answer(query, page);
  }

  /** Starts a round of reads that share queries. */
  public GroupedLoadRound round() {
    return new GroupedLoadRound(store, reads, this);
  }

  void missed() {
    misses++;
  }

  /** Loads the first pages of limited queries that are alike, together. */
  <E> void loadPages(List<Query<E>> alike) {
    Query<E> first = alike.getFirst();
    if (alike.size() == 1 || !first.shape().isFlat()) {
      alike.forEach(this::page);
      return;
    }
    int size = size(first, MARGIN);
    for (int from = 0; from < alike.size(); ) {
      int to = (int) Math.min(alike.size(), from + Math.max(1L, MAX_ROWS / size));
      List<Query<E>> some = alike.subList(from, to);
      List<List<E>> pages = reads.pages(some, size);
      for (int i = 0; i < some.size(); i++) {
        finish(some.get(i), LimitedQueryPages.Page.first(pages.get(i), size));
      }
      from = to;
    }
  }

  /** Answers a limited query alone. A limited query never makes a filter complete. */
  private <E> List<E> page(Query<E> query) {
    LimitedQueryPages.Page<E> known = store.pages().find(query);
    if (known != null) {
      return finish(query, known);
    }
    int size = Math.max(size(query, MARGIN), MIN_PAGE_ROWS);
    List<E> rows = reads.page(query, null, size);
    return finish(query, LimitedQueryPages.Page.first(rows, size));
  }

  private static int size(Query<?> query, int margin) {
    return (int) Math.min((long) query.limit() + margin, Integer.MAX_VALUE);
  }

  /** Reads further pages by key until enough rows remain that memory does not overrule. */
  private <E> List<E> finish(Query<E> query, LimitedQueryPages.Page<E> page) {
    LimitedQueryPages.Page<E> read = page;
    Optional<List<E>> answer = answer(query, read);
    int size = Math.max(size(query, MARGIN), MIN_PAGE_ROWS);
    while (answer.isEmpty()) {
      read = read.plus(reads.page(query, read.bound(), size), size);
      size = Math.min(2 * size, MAX_PAGE_ROWS);
      answer = answer(query, read);
    }
    answer.get().forEach(row -> store.install(query.type(), row));
    store.pages().keep(query, read.unknown(row -> knows(query, row), MARGIN));
    return answer.get();
  }

  /** Merges rows of memory with those of a page that memory does not overrule; empty if too few. */
  private <E> Optional<List<E>> answer(Query<E> query, LimitedQueryPages.Page<E> page) {
    List<E> all = new ArrayList<>(store.matching(query));
    for (E row : page.rows()) {
      if (!knows(query, row)) {
        all.add(row);
      }
    }
    Comparator<E> order = query.comparator();
    all.sort(order);
    List<E> first = List.copyOf(all.subList(0, Math.min(all.size(), query.limit())));
    // Rows that the database has beyond the page sort after its last row.
    E bound = page.bound();
    boolean complete =
        page.last()
            || (bound != null
                && first.size() == query.limit()
                && order.compare(first.getLast(), bound) <= 0);
    return complete ? Optional.of(first) : Optional.empty();
  }

  private <E> boolean knows(Query<E> query, E row) {
    return store.knows(query.type(), query.type().id(row));
  }
}
