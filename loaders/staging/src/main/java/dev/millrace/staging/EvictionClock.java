package dev.millrace.staging;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Chooses rows to evict by second chance: a row used since the hand last passed is spared once. A
 * list would order rows better, at two writes per read; here a read sets one flag.
 */
final class EvictionClock<E> {
  private final List<StagedRow<E>> rows = new ArrayList<>();
  private int hand;

  void add(StagedRow<E> row) {
    row.clockIndex = rows.size();
    rows.add(row);
  }

  /** All rows, in arbitrary order. */
  List<StagedRow<E>> rows() {
    return rows;
  }

  /**
   * Removes the next row that may be evicted and returns it; null if all others hold uncommitted
   * changes.
   */
  @Nullable StagedRow<E> next(long committed) {
    for (long looked = 0; looked < 2L * rows.size(); looked++) {
      hand = hand >= rows.size() ? 0 : hand;
      StagedRow<E> row = rows.get(hand);
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

  private void remove(StagedRow<E> row) {
    StagedRow<E> last = rows.removeLast();
    if (last != row) {
      rows.set(row.clockIndex, last);
      last.clockIndex = row.clockIndex;
    }
  }

  void clear() {
    rows.clear();
    hand = 0;
  }
}
