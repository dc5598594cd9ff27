package dev.millrace.postgres.client;

import dev.millrace.loaders.Column;
import dev.millrace.loaders.ColumnType;
import dev.millrace.loaders.EntityType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Encodes the rows of one entity for binary COPY, the chain first. */
public final class RowEncoder<E> {
  private final EntityType<E> type;
  private final long chain;
  private final Column[] columns;
  private final ColumnType[] types;
  private final WireValue values = new WireValue();

  public RowEncoder(EntityType<E> type, long chain) {
    this.type = type;
    this.chain = chain;
    this.columns = type.columns().toArray(Column[]::new);
    this.types = type.columns().stream().map(Column::type).toArray(ColumnType[]::new);
  }

  public void row(WireBuffer out, E row) {
    out.putShort(columns.length + 1);
    out.putLongField(chain);
    cells(out, row);
  }

  private void cells(WireBuffer out, E row) {
    for (int i = 0; i < columns.length; i++) {
      values.put(out, types[i], columns[i].value(row));
    }
  }

  /** Encodes a row of the undo log: the previous row, or the id alone if there was none. */
  public void undo(WireBuffer out, long checkpoint, Object id, @Nullable E before) {
    out.putShort(columns.length + 3);
    out.putLongField(chain);
    out.putLongField(checkpoint);
    values.put(out, ColumnType.Scalar.BOOLEAN, before != null);
    if (before != null) {
      cells(out, before);
      return;
    }
    List<Object> parts = type.parts(id);
    int part = 0;
    for (int i = 0; i < columns.length; i++) {
      values.put(out, types[i], columns[i].isId() ? parts.get(part++) : null);
    }
  }
}
