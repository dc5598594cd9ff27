package dev.millrace.testkit;

import dev.millrace.loaders.EntityType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What the events of one block have changed: the difference between the rows before it and behind
 * it. A row that ends as it began has not changed.
 */
public final class Changes {
  private final long block;
  private final List<Change<?>> changes;

  /**
   * One row.
   *
   * @param before null where there was none
   * @param after null where there is none any more
   */
  public record Change<E>(EntityType<E> type, @Nullable E before, @Nullable E after) {
    @Override
    public String toString() {
      if (before == null) {
        return "inserted " + after;
      }
      return after == null ? "deleted " + before : "updated " + before + " to " + after;
    }
  }

  private Changes(long block, List<Change<?>> changes) {
    this.block = block;
    this.changes = changes;
  }

  /** {@code before} has the rows that were written, as they stood; null where there was none. */
  static Changes of(
      long block, SerialOracle oracle, Map<EntityType<?>, Map<Object, @Nullable Object>> before) {
    return new Changes(
        block,
        before.entrySet().stream()
            .flatMap(table -> of(table.getKey(), oracle, table.getValue()).stream())
            .toList());
  }

  private static <E> List<Change<?>> of(
      EntityType<E> type, SerialOracle oracle, Map<Object, @Nullable Object> before) {
    List<Object> ids = new ArrayList<>(before.keySet());
    ids.sort(SerialOracle.byId(type));
    List<Change<?>> changes = new ArrayList<>();
    for (Object id : ids) {
      E stood = cast(type, before.get(id));
      E stands = cast(type, oracle.table(type).get(id));
      if (!Objects.equals(stood, stands)) {
        changes.add(new Change<>(type, stood, stands));
      }
    }
    return changes;
  }

  private static <E> @Nullable E cast(EntityType<E> type, @Nullable Object row) {
    return row == null ? null : type.type().cast(row);
  }

  /** The number of the block. */
  public long block() {
    return block;
  }

  /** All of them, entity by entity as the indexer names them, in id order. */
  public List<Change<?>> all() {
    return changes;
  }

  /** The rows that were not there before. */
  public <E> List<E> inserted(Class<E> type) {
    return changes.stream()
        .filter(change -> change.type().type() == type && change.before() == null)
        .map(change -> type.cast(Objects.requireNonNull(change.after())))
        .toList();
  }

  /** The rows that were there before, as they are now. */
  public <E> List<E> updated(Class<E> type) {
    return changes.stream()
        .filter(change ->
            change.type().type() == type && change.before() != null && change.after() != null)
        .map(change -> type.cast(Objects.requireNonNull(change.after())))
        .toList();
  }

  /** The rows that are gone, as they were. */
  public <E> List<E> deleted(Class<E> type) {
    return changes.stream()
        .filter(change -> change.type().type() == type && change.after() == null)
        .map(change -> type.cast(Objects.requireNonNull(change.before())))
        .toList();
  }

  public boolean isEmpty() {
    return changes.isEmpty();
  }

  @Override
  public String toString() {
    return "block %d: %s"
        .formatted(
            block,
            changes.isEmpty()
                ? "nothing changed"
                : changes.stream()
                    .map(Change::toString)
                    .collect(Collectors.joining("\n  ", "\n  ", "")));
  }
}
