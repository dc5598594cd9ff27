package dev.millrace.clickhouse;

import dev.millrace.clickhouse.client.ClickHouseTypes;
import dev.millrace.clickhouse.client.RowBinaryBuffer;
import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EntityType;
import dev.millrace.staging.TableChanges;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes the rows of one entity in the order of its table's columns, and says which column of a row
 * ClickHouse cannot hold.
 */
final class RowBinaryEncoder<E> {
  static final int SAVED = 1;
  static final int DELETED = 2;

  private final EntityType<E> type;
  private final EntityColumn[] columns;
  private final List<EntityColumn> narrow;

  RowBinaryEncoder(EntityType<E> type) {
    this.type = type;
    this.columns = type.columns().toArray(EntityColumn[]::new);
    this.narrow = type.columns().stream().filter(ClickHouseTypes::mayNotFit).toList();
  }

  /** True if any column can hold values that ClickHouse cannot. */
  boolean mayNotFit() {
    return !narrow.isEmpty();
  }

  /** Returns the first column whose value ClickHouse cannot hold; null if there is none. */
  @Nullable EntityColumn unstorableColumn(E entity) {
    for (EntityColumn column : narrow) {
      Object value = column.value(entity);
      if (value != null && !ClickHouseTypes.fits(value)) {
        return column;
      }
    }
    return null;
  }

  /** Writes one version of a row. */
  void write(long chain, long epoch, TableChanges<E> changes, int index, RowBinaryBuffer out) {
    E after = changes.after(index);
    if (after == null) {
      writeDeleted(chain, changes.id(index), out);
    } else {
      writeSaved(chain, after, out);
    }
    writePlace(epoch, changes.checkpoint(index), after == null ? DELETED : SAVED, out);
  }

  void writeSaved(long chain, E entity, RowBinaryBuffer out) {
    out.putLong(chain);
    for (EntityColumn column : columns) {
      if (column.isPrimitive()) {
        ClickHouseTypes.writeBits(column.type(), column.bits(entity), out);
      } else {
        writeObject(column, column.value(entity), out);
      }
    }
  }

  private static void writeObject(
      EntityColumn column, @Nullable Object value, RowBinaryBuffer out) {
    if (column.isNullable()) {
      out.putByte(value == null ? 1 : 0);
    }
    if (value != null) {
      ClickHouseTypes.write(column.type(), value, out);
    } else if (MirrorTable.isNullableList(column)) {
      ClickHouseTypes.writeNothing(column.type(), out);
    }
  }

  void writeDeleted(long chain, Object id, RowBinaryBuffer out) {
    out.putLong(chain);
    List<Object> parts = type.parts(id);
    int part = 0;
    for (EntityColumn column : columns) {
      if (column.isId()) {
        ClickHouseTypes.write(column.type(), parts.get(part++), out);
      } else {
        if (column.isNullable()) {
          out.putByte(1);
        }
        if (!column.isNullable() || MirrorTable.isNullableList(column)) {
          ClickHouseTypes.writeNothing(column.type(), out);
        }
      }
    }
  }

  static void writePlace(long epoch, long checkpoint, int operation, RowBinaryBuffer out) {
    out.putLong(epoch);
    out.putLong(checkpoint);
    out.putByte(operation);
  }
}
