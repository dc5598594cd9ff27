package dev.millrace.postgres;

import dev.millrace.loaders.ColumnType;
import dev.millrace.postgres.client.ArrayParameter;
import dev.millrace.postgres.client.CopyRowEncoder;
import dev.millrace.postgres.client.CopyStream;
import dev.millrace.postgres.client.NetworkOrderBuffer;
import dev.millrace.staging.TableChanges;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * Keeps the previous row per id and checkpoint inside the reversible window. Written before the
 * changes of its entity: the previous rows that no handler has read are copied from the table, in
 * the same transaction.
 */
final class UndoLog<E> {
  private final EntityTable<E> table;
  private final CopyRowEncoder<E> encoder;
  private final NetworkOrderBuffer buffer;
  private final String remember;

  /** A change whose id was never read. */
  private record Blind(Object id, long checkpoint) {}

  UndoLog(EntityTable<E> table, long chain, CopyRowEncoder<E> encoder, NetworkOrderBuffer buffer) {
    this.table = table;
    this.encoder = encoder;
    this.buffer = buffer;
    this.remember = table.rememberBlind(chain);
  }

  void write(CommitSession session, List<TableChanges<E>> parts, CommitErrorContext blame)
      throws SQLException {
    List<Object> lines = new ArrayList<>();
    blame.sendingIds(table.type(), lines);
    List<Blind> blind = new ArrayList<>();
    try (CopyStream stream = new CopyStream(session.copies(), table.copyUndo(), buffer)) {
      for (TableChanges<E> changes : parts) {
        for (int i = 0; i < changes.size(); i++) {
          if (changes.isBlind(i)) {
            blind.add(new Blind(changes.id(i), changes.checkpoint(i)));
          } else {
            lines.add(changes.id(i));
            encoder.undo(buffer, changes.checkpoint(i), changes.id(i), changes.before(i));
            stream.rowEnds();
          }
        }
      }
      stream.end();
    }
    if (!blind.isEmpty()) {
      readAndWrite(session, blind);
    }
  }

  private void readAndWrite(CommitSession session, List<Blind> blind) throws SQLException {
    try (PreparedStatement statement = session.connection().prepareStatement(remember)) {
      statement.setObject(1, ArrayParameter.of(ColumnType.Scalar.LONG, blind, Blind::checkpoint));
      table.bindIds(statement, 2, blind.stream().map(Blind::id).toList());
      statement.executeUpdate();
    }
  }
}
