package dev.millrace.testkit;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.TriggerableJob;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The changes made by the events of one block: the difference between the rows before and after it.
 * A row that ends as it began has not changed.
 */
public final class BlockChanges {
  private final long block;
  private final List<Change<?>> changes;
  private final List<OracleContext.TriggerCall> triggers;

  /**
   * The change of one row.
   *
   * @param before null if the row is new
   * @param after null if the row was deleted
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

  private BlockChanges(
      long block, List<Change<?>> changes, List<OracleContext.TriggerCall> triggers) {
    this.block = block;
    this.changes = changes;
    this.triggers = List.copyOf(triggers);
  }

  /** {@code before} holds the previous state of each row written; null if there was no row. */
  static BlockChanges of(
      long block,
      SerialOracle oracle,
      Map<EntityType<?>, Map<Object, @Nullable Object>> before,
      List<OracleContext.TriggerCall> triggers) {
    return new BlockChanges(
        block,
        before.entrySet().stream()
            .flatMap(table -> of(table.getKey(), oracle, table.getValue()).stream())
            .toList(),
        triggers);
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

  /** All changes, entity by entity in the indexer's order, then in id order. */
  public List<Change<?>> all() {
    return changes;
  }

  /** The rows that are new. */
  public <E> List<E> inserted(Class<E> type) {
    return changes.stream()
        .filter(change -> change.type().type() == type && change.before() == null)
        .map(change -> type.cast(Objects.requireNonNull(change.after())))
        .toList();
  }

  /** The rows that existed before and still exist, in their new state. */
  public <E> List<E> updated(Class<E> type) {
    return changes.stream()
        .filter(change ->
            change.type().type() == type && change.before() != null && change.after() != null)
        .map(change -> type.cast(Objects.requireNonNull(change.after())))
        .toList();
  }

  /** The deleted rows, in their last state. */
  public <E> List<E> deleted(Class<E> type) {
    return changes.stream()
        .filter(change -> change.type().type() == type && change.after() == null)
        .map(change -> type.cast(Objects.requireNonNull(change.before())))
        .toList();
  }

  /** The inputs of the runs that the events have triggered of a job, in order. */
  public <I> List<I> triggered(TriggerableJob<I> job) {
    return triggers.stream()
        .filter(call -> call.job().name().equals(job.name()))
        .map(call -> job.inputType().cast(call.input()))
        .toList();
  }

  /** True if no row has changed and no job was triggered. */
  public boolean isEmpty() {
    return changes.isEmpty() && triggers.isEmpty();
  }

  @Override
  public String toString() {
    return "block %d: %s"
        .formatted(
            block,
            isEmpty()
                ? "nothing changed"
                : Stream.concat(
                        changes.stream().map(Change::toString),
                        triggers.stream().map(call -> "triggered " + call))
                    .collect(Collectors.joining("\n  ", "\n  ", "")));
  }
}
