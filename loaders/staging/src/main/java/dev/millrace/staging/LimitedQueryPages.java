package dev.millrace.staging;

import dev.millrace.loaders.Query;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The first rows of limited queries, as the database returned them. They are kept while the batch
 * runs that asked for them, so that a preload can load them for the run.
 *
 * <p>A kept row counts as long as memory does not know its id. Every change of a row passes through
 * memory, and rows are evicted between batches only, which is when all pages are forgotten. So of
 * each query only a few rows are kept that memory does not know: a query alone reads 64 rows, and a
 * batch may ask for thousands.
 */
final class LimitedQueryPages {
  /**
   * The first rows of a query, in its order, without some that memory knows.
   *
   * @param bound the last row that the page covers; null if there is none
   * @param last true if the database has no row after it
   */
  record Page<E>(List<E> rows, @Nullable E bound, boolean last) {
    static <E> Page<E> first(List<E> rows, int asked) {
      return new Page<>(rows, rows.isEmpty() ? null : rows.getLast(), rows.size() < asked);
    }

    /** Joins this page and the one that follows it. */
    Page<E> plus(List<E> more, int asked) {
      List<E> all = new ArrayList<>(rows);
      all.addAll(more);
      return new Page<>(all, more.isEmpty() ? bound : more.getLast(), more.size() < asked);
    }

    /** Returns this page without the rows that memory knows, cut off after {@code most} others. */
    Page<E> unknown(Predicate<E> isKnown, int max) {
      List<E> kept = new ArrayList<>();
      for (E row : rows) {
        if (isKnown.test(row)) {
          continue;
        }
        if (kept.size() == max) {
          return new Page<>(kept, kept.getLast(), false);
        }
        kept.add(row);
      }
      return new Page<>(kept, bound, last);
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
