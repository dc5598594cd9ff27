package dev.millrace.postgres.client;

import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Decodes an entity from the output of {@code record_send}: the number of columns, and per column
 * type, length and value. One array per row, independent of the types that the driver knows.
 */
public final class RecordSendDecoder<E> {
  private final EntityType<E> type;

  public RecordSendDecoder(EntityType<E> type) {
    this.type = type;
  }

  public E row(byte[] bytes) {
    return type.create(values(type.columns(), bytes));
  }

  /** Decodes an id from its columns alone. */
  public Object id(byte[] bytes) {
    return type.id(Arrays.stream(values(type.ids(), bytes)).map(Objects::requireNonNull).toArray());
  }

  private @Nullable Object[] values(List<EntityColumn> columns, byte[] bytes) {
    @Nullable Object[] values = new @Nullable Object[columns.size()];
    int at = 4;
    for (int i = 0; i < values.length; i++) {
      int length = NetworkOrderBuffer.intAt(bytes, at + 4);
      at += 8;
      if (length >= 0) {
        values[i] = value(columns.get(i), bytes, at, length);
        at += length;
      }
    }
    return values;
  }

  private Object value(EntityColumn column, byte[] bytes, int at, int length) {
    try {
      return BinaryValueCodec.read(column.type(), bytes, at, length);
    } catch (IllegalArgumentException | IndexOutOfBoundsException wrong) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "column holds what its type does not allow: table=%s column=%s reason=\"%s\""
              .formatted(type.table(), column.sql(), wrong.getMessage()),
          wrong);
    }
  }
}
