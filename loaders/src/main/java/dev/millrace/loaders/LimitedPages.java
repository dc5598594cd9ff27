package dev.millrace.loaders;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The first rows of limited queries, as the database gave them, kept while the batch runs that
 * asked for them: a rehearsal loads them for the run.
 *
 * <p>A kept row counts as long as memory does not know its id. Whatever changes a row passes
 * through memory, and a row is evicted between batches only, which is when all pages are forgotten.
 */
final class LimitedPages {
  /**
   * The rows of a query from its first on, in its order.
   *
   * @param last whether the database has no more of them
   */
  record Page<E>(List<E> rows, boolean last) {
    /** This page and the one that follows it. */
    Page<E> plus(List<E> more, int asked) {
      List<E> all = new ArrayList<>(rows);
      all.addAll(more);
      return new Page<>(all, more.size() < asked);
    }
  }

  private final Map<Query<?>, Page<?>> pages = new HashMap<>();

  @SuppressWarnings("unchecked")
  <E> @Nullable Page<E> find(Query<E> query) {
    return (Page<E>) pages.get(query);
  }

  <E> void keep(Query<E> query, Page<E> page) {
    pages.put(query, page);
  }

  void clear() {
    pages.clear();
  }
}
