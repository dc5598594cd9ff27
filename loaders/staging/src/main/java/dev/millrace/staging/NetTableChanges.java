package dev.millrace.staging;

import dev.millrace.loaders.EntityType;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The net effect of consecutive change sets on one table: the state before comes from an id's first
 * change, the state after from its last.
 *
 * @param inserts rows of ids that had no row
 * @param updates rows that replace another row
 * @param upserts rows whose previous state is unknown
 * @param deletes ids whose row must be deleted
 */
public record NetTableChanges<E>(
    EntityType<E> type, List<E> inserts, List<E> updates, List<E> upserts, List<Object> deletes) {

  /** Merges change sets, given in the order in which their batches ran. */
  public static <E> NetTableChanges<E> of(EntityType<E> type, List<TableChanges<E>> sets) {
    NetTableChanges<E> net =
        new NetTableChanges<>(
            type, new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    if (type.isImmutable()) {
      sets.forEach(net::append); // each row is saved once: there is nothing to merge
    } else if (sets.size() == 1 && !sets.getFirst().keepsVersions()) {
      net.addEach(sets.getFirst());
    } else {
      net.merge(sets);
    }
    return net;
  }

  private void append(TableChanges<E> changes) {
    for (int i = 0; i < changes.size(); i++) {
      E after = changes.after(i);
      if (after != null) {
        inserts.add(after);
      }
    }
  }

  private void addEach(TableChanges<E> changes) {
    for (int i = 0; i < changes.size(); i++) {
      boolean blind = changes.isBlind(i);
      add(changes.id(i), blind, blind ? null : changes.before(i), changes.after(i));
    }
  }

  private void merge(List<TableChanges<E>> sets) {
    RowDeltas<E> spans = new RowDeltas<>(sets.stream().mapToInt(TableChanges::size).sum());
    for (TableChanges<E> changes : sets) {
      for (int i = 0; i < changes.size(); i++) {
        spans.extend(changes, i);
      }
    }
    for (RowDelta<E> span : spans.inOrder) {
      add(span.id, span.blind, span.before, span.after);
    }
  }

  private void add(Object id, boolean blind, @Nullable E before, @Nullable E after) {
    if (after == null) {
      if (blind || before != null) {
        deletes.add(id);
      }
    } else if (blind) {
      upserts.add(after);
    } else if (before == null) {
      inserts.add(after);
    } else if (!type.isSame(before, after)) {
      updates.add(after);
    }
  }

  /**
   * The spans of all ids, found by hash. Changes of one id in a group hold the same id object, so
   * that hardly any comparison reads the id's contents.
   */
  private static final class RowDeltas<E> {
    private final List<RowDelta<E>> inOrder = new ArrayList<>();
    private final Object[] ids;
    private final int[] slots;

    private RowDeltas(int max) {
      ids = new Object[max];
      slots = new int[Integer.highestOneBit(Math.max(8, max)) << 2];
    }

    @SuppressWarnings("ReferenceEquality")
    private void extend(TableChanges<E> changes, int index) {
      Object id = changes.id(index);
      int at = changes.hash(index) & (slots.length - 1);
      while (slots[at] != 0) {
        int known = slots[at] - 1;
        if (ids[known] == id || ids[known].equals(id)) {
          inOrder.get(known).after = changes.after(index);
          return;
        }
        at = (at + 1) & (slots.length - 1);
      }
      ids[inOrder.size()] = id;
      inOrder.add(new RowDelta<>(changes, index));
      slots[at] = inOrder.size();
    }
  }

  /** The changes of one id, from its first to its last. */
  private static final class RowDelta<E> {
    private final Object id;
    private final boolean blind;
    private final @Nullable E before;
    private @Nullable E after;

    private RowDelta(TableChanges<E> changes, int index) {
      this.id = changes.id(index);
      this.blind = changes.isBlind(index);
      this.before = blind ? null : changes.before(index);
      this.after = changes.after(index);
    }
  }
}
