package dev.millrace.postgres;

import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EntityType;
import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.postgres.client.CopyRowEncoder;
import dev.millrace.postgres.client.CopyStream;
import dev.millrace.postgres.client.NetworkOrderBuffer;
import dev.millrace.staging.NetTableChanges;
import dev.millrace.staging.TableChanges;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Writes the changes of one entity into its table and its undo log. Commit thread only. */
final class EntityTableWriter<E> {
  private final EntityTable<E> table;
  private final CopyRowEncoder<E> encoder;
  private final NetworkOrderBuffer buffer;
  private final Failpoint failpoint;
  private final RowReplacer<E> replacement;
  private final UndoLog<E> undo;
  private final Comparator<E> byId;
  private final String delete;

  EntityTableWriter(
      EntityTable<E> table, long chain, NetworkOrderBuffer buffer, Failpoint failpoint) {
    this.table = table;
    this.encoder = new CopyRowEncoder<>(table.type(), chain);
    this.buffer = buffer;
    this.failpoint = failpoint;
    this.replacement = new RowReplacer<>(table, chain, this::copy);
    this.undo = new UndoLog<>(table, chain, encoder, buffer);
    this.byId = byId(table.type());
    this.delete = table.delete(chain);
  }

  private static <E> Comparator<E> byId(EntityType<E> type) {
    List<EntityColumn> ids = type.ids();
    return (left, right) -> {
      for (EntityColumn id : ids) {
        Object a = id.value(left);
        Object b = id.value(right);
        int order = a == null || b == null ? 0 : id.type().compare(a, b);
        if (order != 0) {
          return order;
        }
      }
      return 0;
    };
  }

  /** The writes to one table inside the transaction. */
  @FunctionalInterface
  interface Write {
    void run(CommitErrorContext blame) throws SQLException;
  }

  /** Computes the writes to the table before the transaction; empty if nothing has changed. */
  Optional<Write> prepare(CommitSession session, CommitGroup group) {
    EntityType<E> type = table.type();
    List<TableChanges<E>> changes = group.changesOf(type);
    if (changes.isEmpty()) {
      return Optional.empty();
    }
    NetTableChanges<E> net = NetTableChanges.of(type, changes);
    List<E> inserts = inOrder(net.inserts());
    List<E> updates = inOrder(net.updates());
    List<E> upserts = inOrder(net.upserts());
    boolean both = replacement.stages(updates) && replacement.stages(upserts);
    if (replacement.stages(updates) || replacement.stages(upserts)) {
      session.staging(table);
    }
    return Optional.of(blame -> {
      if (group.isReversible()) {
        undo.write(session, changes, blame);
      }
      blame.sending(type, inserts);
      delete(session, net.deletes());
      insert(session, inserts, group.number());
      blame.sending(type, updates);
      replacement.update(session, updates);
      if (both) {
        session.handle().execute("TRUNCATE " + session.staging(table));
      }
      blame.sending(type, upserts);
      replacement.upsert(session, upserts);
    });
  }

  /** Sorts rows by id, so that neighbours in the table and in its key are touched together. */
  private List<E> inOrder(List<E> rows) {
    return rows.stream().sorted(byId).toList();
  }

  private void insert(CommitSession session, List<E> rows, long commit) throws SQLException {
    if (!rows.isEmpty()) {
      copy(
          session,
          table.copy(),
          rows,
          () -> failpoint.reached(Failpoint.Point.DURING_COPY, commit));
    }
  }

  private void copy(CommitSession session, String sql, List<E> rows) throws SQLException {
    copy(session, sql, rows, () -> {});
  }

  /** {@code begun} runs when the server has the first row and expects more. */
  private void copy(CommitSession session, String sql, List<E> rows, Runnable begun)
      throws SQLException {
    try (CopyStream stream = new CopyStream(session.copies(), sql, buffer)) {
      encoder.row(buffer, rows.getFirst());
      stream.push();
      begun.run();
      for (E row : rows.subList(1, rows.size())) {
        encoder.row(buffer, row);
        stream.rowEnds();
      }
      stream.end();
    }
  }

  private void delete(CommitSession session, List<Object> ids) throws SQLException {
    if (!ids.isEmpty()) {
      try (PreparedStatement statement = session.connection().prepareStatement(delete)) {
        table.bindIds(statement, 1, ids);
        statement.executeUpdate();
      }
    }
  }
}
