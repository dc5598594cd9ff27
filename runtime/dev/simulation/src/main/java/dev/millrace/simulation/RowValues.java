package dev.millrace.simulation;

import dev.millrace.loaders.EntityType;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Compares and copies rows by their values: records may define any equality. */
final class RowValues {
  private RowValues() {}

  /** Copies a row by its values: a stored row comes back as another object. */
  static <E> Object copy(EntityType<E> type, Object row) {
    return Objects.requireNonNull(type.create(type.values(type.type().cast(row))));
  }

  static <E> boolean haveSameValues(
      EntityType<E> type, @Nullable Object left, @Nullable Object right) {
    if (left == null || right == null) {
      return left == null && right == null;
    }
    return Arrays.equals(type.values(type.type().cast(left)), type.values(type.type().cast(right)));
  }
}
