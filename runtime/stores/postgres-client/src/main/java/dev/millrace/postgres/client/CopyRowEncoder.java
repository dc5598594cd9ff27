package dev.millrace.postgres.client;

import dev.millrace.loaders.ColumnType;
import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EntityType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Encodes the rows of one entity for binary COPY, the chain first. */
public final class CopyRowEncoder<E> {
  private final EntityType<E> type;
  private final long chain;
  private final EntityColumn[] columns;
  private final ColumnType[] types;
  private final BinaryValueCodec values = new BinaryValueCodec();

  public CopyRowEncoder(EntityType<E> type, long chain) {
    this.type = type;
    this.chain = chain;
    this.columns = type.columns().toArray(EntityColumn[]::new);
    this.types = type.columns().stream().map(EntityColumn::type).toArray(ColumnType[]::new);
  }

  public void row(NetworkOrderBuffer out, E row) {
    out.putShort(columns.length + 1);
    out.putLongField(chain);
    cells(out, row);
  }

  private void cells(NetworkOrderBuffer out, E row) {
    for (int i = 0; i < columns.length; i++) {
      values.put(out, types[i], columns[i].value(row));
    }
  }

  /** Encodes a row of the undo log: the previous row, or the id alone if there was none. */
  public void undo(NetworkOrderBuffer out, long checkpoint, Object id, @Nullable E before) {
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
