package dev.millrace.staging;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/** Keeps the first rows of an order among many, without sorting the rest. */
final class TopRowsCollector<E> {
  private final Comparator<E> order;
  private final int limit;
  private final PriorityQueue<E> lastOnTop;

  TopRowsCollector(Comparator<E> order, int limit) {
    this.order = order;
    this.limit = limit;
    this.lastOnTop = new PriorityQueue<>(order.reversed());
  }

  void add(E row) {
    if (lastOnTop.size() == limit) {
      if (order.compare(row, lastOnTop.peek()) >= 0) {
        return;
      }
      lastOnTop.poll();
    }
    lastOnTop.add(row);
  }

  /** The rows in order, as an unmodifiable list. */
  List<E> list() {
    List<E> rows = new ArrayList<>(lastOnTop);
    rows.sort(order);
    return Collections.unmodifiableList(rows);
  }
}
