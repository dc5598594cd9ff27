package dev.millrace.staging;

import dev.millrace.loaders.EntityType;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The changes of one batch in one table, in order. Each change knows the state before its block: a
 * row, none, or, after a blind write, unknown.
 *
 * <p>Written by the execute thread while the batch runs and not modified after {@link
 * StagedStore#freeze}.
 */
public final class TableChanges<E> {
  private static final Object UNKNOWN = new Object();
  static final int ENTRY_BYTES = 36;

  private final EntityType<E> type;
  private Object[] ids = new Object[16];
  private int[] hashes = new int[16];
  private @Nullable Object[] befores = new @Nullable Object[16];
  private @Nullable Object[] afters = new @Nullable Object[16];
  private long[] checkpoints = new long[16];
  private int[] events = new int[16];
  private int size;
  private boolean versions;

  TableChanges(EntityType<E> type, boolean versions) {
    this.type = type;
    this.versions = versions;
  }

  int add(
      Object id,
      int hash,
      boolean blind,
      @Nullable E before,
      @Nullable E after,
      long checkpoint,
      int event) {
    if (size == ids.length) {
      grow();
    }
    ids[size] = id;
    hashes[size] = hash;
    befores[size] = blind ? UNKNOWN : before;
    afters[size] = after;
    checkpoints[size] = checkpoint;
    events[size] = event;
    return size++;
  }

  void replace(int index, @Nullable E after, long checkpoint, int event) {
    afters[index] = after;
    checkpoints[index] = checkpoint;
    events[index] = event;
  }

  private void grow() {
    int length = size + (size >> 1) + 16;
    ids = Arrays.copyOf(ids, length);
    hashes = Arrays.copyOf(hashes, length);
    befores = Arrays.copyOf(befores, length);
    afters = Arrays.copyOf(afters, length);
    checkpoints = Arrays.copyOf(checkpoints, length);
    events = Arrays.copyOf(events, length);
  }

  public EntityType<E> type() {
    return type;
  }

  public int size() {
    return size;
  }

  /** True if an id may appear several times, once per checkpoint that changed it. */
  public boolean keepsVersions() {
    return versions;
  }

  public Object id(int index) {
    return ids[index];
  }

  /** The stored hash of the id, so that the id itself need not be read. */
  int hash(int index) {
    return hashes[index];
  }

  public long checkpoint(int index) {
    return checkpoints[index];
  }

  /** True if the row was written without its previous state having been read. */
  @SuppressWarnings("ReferenceEquality") // the mark is one object and equal to nothing else
  public boolean isBlind(int index) {
    return befores[index] == UNKNOWN;
  }

  /** The row before the block of the change, null for none; throws for a blind change. */
  public @Nullable E before(int index) {
    if (isBlind(index)) {
      throw new IllegalStateException("change is blind: entity=%s index=%d".formatted(type, index));
    }
    return entity(befores[index]);
  }

  /** The row after the change, null for none. */
  public @Nullable E after(int index) {
    return entity(afters[index]);
  }

  /** The event that made the change last, as its index in the batch. */
  public int event(int index) {
    return events[index];
  }

  @SuppressWarnings("unchecked")
  private @Nullable E entity(@Nullable Object held) {
    return (E) held;
  }
}
