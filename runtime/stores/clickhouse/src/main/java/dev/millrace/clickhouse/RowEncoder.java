package dev.millrace.clickhouse;

import dev.millrace.clickhouse.client.RowBuffer;
import dev.millrace.clickhouse.client.ValueType;
import dev.millrace.loaders.Column;
import dev.millrace.loaders.EntityType;
import dev.millrace.staging.TableChanges;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes the rows of one entity in the order of its table's columns. */
final class RowEncoder<E> {
  static final int SAVED = 1;
  static final int DELETED = 2;

  private final EntityType<E> type;
  private final Column[] columns;
  private final List<Column> narrow;

  RowEncoder(EntityType<E> type) {
    this.type = type;
    this.columns = type.columns().toArray(Column[]::new);
    this.narrow = type.columns().stream().filter(ValueType::isNarrow).toList();
  }

  /** True if any column can hold values that ClickHouse cannot. */
  boolean isNarrow() {
    return !narrow.isEmpty();
  }

  /** Returns the first column whose value ClickHouse cannot hold; null if there is none. */
  @Nullable Column misfit(E entity) {
    for (Column column : narrow) {
      Object value = column.value(entity);
      if (value != null && !ValueType.fits(value)) {
        return column;
      }
    }
    return null;
  }

  /** Writes one version of a row. */
  void write(long chain, long epoch, TableChanges<E> changes, int index, RowBuffer out) {
    E after = changes.after(index);
    if (after == null) {
      writeDeleted(chain, changes.id(index), out);
    } else {
      writeSaved(chain, after, out);
    }
    writePlace(epoch, changes.checkpoint(index), after == null ? DELETED : SAVED, out);
  }

  void writeSaved(long chain, E entity, RowBuffer out) {
    out.putLong(chain);
    for (Column column : columns) {
      if (column.isPrimitive()) {
        ValueType.writeBits(column.type(), column.bits(entity), out);
      } else {
        writeObject(column, column.value(entity), out);
      }
    }
  }

  private static void writeObject(Column column, @Nullable Object value, RowBuffer out) {
    if (column.isNullable()) {
      out.putByte(value == null ? 1 : 0);
    }
    if (value != null) {
      ValueType.write(column.type(), value, out);
    } else if (MirrorTable.isNullableList(column)) {
      ValueType.writeNothing(column.type(), out);
    }
  }

  void writeDeleted(long chain, Object id, RowBuffer out) {
    out.putLong(chain);
    List<Object> parts = type.parts(id);
    int part = 0;
    for (Column column : columns) {
      if (column.isId()) {
        ValueType.write(column.type(), parts.get(part++), out);
      } else {
        if (column.isNullable()) {
          out.putByte(1);
        }
        if (!column.isNullable() || MirrorTable.isNullableList(column)) {
          ValueType.writeNothing(column.type(), out);
        }
      }
    }
  }

  static void writePlace(long epoch, long checkpoint, int operation, RowBuffer out) {
    out.putLong(epoch);
    out.putLong(checkpoint);
    out.putByte(operation);
  }
}
