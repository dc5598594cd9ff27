package dev.millrace.staging;

import org.jspecify.annotations.Nullable;

/**
 * Rows by id, with open addressing: a read touches a slot, the row and its id, where a chained
 * table also touches a node. At 30,000 rows these cache misses are most of a read's cost. Confined
 * like the {@link StagedTable} that it is a part of.
 */
final class StagedRowTable<E> {
  private static final int MIN_SLOTS = 64;

  /** At most half full: runs of occupied slots stay short, and a miss ends at once. */
  private @Nullable StagedRow<E>[] slots = slots(MIN_SLOTS);

  private int size;

  /** A handler that finds a row often saves it next. */
  private @Nullable StagedRow<E> latest;

  @Nullable StagedRow<E> find(Object id) {
    StagedRow<E> recent = latest;
    if (recent != null && recent.id.equals(id)) {
      return recent;
    }
    int hash = spread(id);
    int mask = slots.length - 1;
    int at = hash & mask;
    for (StagedRow<E> row = slots[at]; row != null; row = slots[at]) {
      if (row.hash == hash && row.id.equals(id)) {
        latest = row;
        return row;
      }
      at = (at + 1) & mask;
    }
    return null;
  }

  /** Adds a row whose id is not in the table. */
  StagedRow<E> add(Object id) {
    if (2 * (size + 1) > slots.length) {
      grow();
    }
    StagedRow<E> row = new StagedRow<>(id, spread(id));
    slots[free(row.hash)] = row;
    size++;
    latest = row;
    return row;
  }

  private int free(int hash) {
    int mask = slots.length - 1;
    int at = hash & mask;
    while (slots[at] != null) {
      at = (at + 1) & mask;
    }
    return at;
  }

  private void grow() {
    @Nullable StagedRow<E>[] old = slots;
    slots = slots(2 * old.length);
    for (StagedRow<E> row : old) {
      if (row != null) {
        slots[free(row.hash)] = row;
      }
    }
  }

  /**
   * Removes a row from the table and closes the gap, so that no probe ends before the row it looks
   * for.
   */
  @SuppressWarnings("ReferenceEquality")
  void remove(StagedRow<E> row) {
    int mask = slots.length - 1;
    int gap = row.hash & mask;
    while (slots[gap] != row) {
      gap = (gap + 1) & mask;
    }
    int at = gap;
    while (true) {
      at = (at + 1) & mask;
      StagedRow<E> next = slots[at];
      if (next == null) {
        break;
      }
      int home = next.hash & mask;
      if (((at - home) & mask) >= ((at - gap) & mask)) {
        slots[gap] = next;
        gap = at;
      }
    }
    slots[gap] = null;
    size--;
    latest = null;
  }

  void clear() {
    slots = slots(MIN_SLOTS);
    size = 0;
    latest = null;
  }

  int size() {
    return size;
  }

  /** Spreads consecutive ids, which must not fill neighbouring slots in runs. */
  private static int spread(Object id) {
    int hash = id.hashCode() * 0x9E3779B9;
    return hash ^ (hash >>> 15);
  }

  @SuppressWarnings("unchecked")
  private static <E> @Nullable StagedRow<E>[] slots(int length) {
    return (@Nullable StagedRow<E>[]) new StagedRow<?>[length];
  }
}
