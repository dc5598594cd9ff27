package dev.millrace.staging;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Chooses rows to evict by second chance: a row used since the hand last passed is spared once. A
 * list would order rows better, at two writes per read; here a read sets one flag.
 */
final class EvictionClock<E> {
  private final List<Row<E>> rows = new ArrayList<>();
  private int hand;

  void add(Row<E> row) {
    row.slot = rows.size();
    rows.add(row);
  }

  /** All rows, in arbitrary order. */
  List<Row<E>> rows() {
    return rows;
  }

  /**
   * Removes the next row that may be evicted and returns it; null if all others hold uncommitted
   * changes.
   */
  @Nullable Row<E> next(long committed) {
    for (long looked = 0; looked < 2L * rows.size(); looked++) {
      hand = hand >= rows.size() ? 0 : hand;
      Row<E> row = rows.get(hand);
      if (row.checkpoint > committed) {
        hand++;
      } else if (row.used) {
        row.used = false;
        hand++;
      } else {
        remove(row);
        return row;
      }
    }
    return null;
  }

  private void remove(Row<E> row) {
    Row<E> last = rows.removeLast();
    if (last != row) {
      rows.set(row.slot, last);
      last.slot = row.slot;
    }
  }

  void clear() {
    rows.clear();
    hand = 0;
  }
}
