package dev.millrace.postgres;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.NetChanges;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.TableChanges;
import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.Probe;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.postgresql.copy.CopyManager;

/** Brings the changes of one entity into its table and its undo log. Commit thread only. */
final class TableWriter<E> {
  /** The plan must not depend on how large PostgreSQL believes the tables to be. */
  private static final String PIN_PLAN =
      "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;"
          + " SET LOCAL enable_seqscan = off";

  private final Table<E> table;
  private final long chain;
  private final RowEncoder<E> encoder;
  private final WireBuffer buffer;
  private final Probe probe;

  TableWriter(Table<E> table, long chain, WireBuffer buffer, Probe probe) {
    this.table = table;
    this.chain = chain;
    this.encoder = new RowEncoder<>(table.type(), chain);
    this.buffer = buffer;
    this.probe = probe;
  }

  /** What is to be done to one table inside the transaction. */
  @FunctionalInterface
  interface Write {
    void run(Blame blame) throws SQLException;
  }

  /** Before the transaction: works out what there is to do; nothing, for many tables. */
  Optional<Write> prepare(Session session, CommitGroup group) {
    EntityType<E> type = table.type();
    List<TableChanges<E>> changes = group.changesOf(type);
    if (changes.isEmpty()) {
      return Optional.empty();
    }
    NetChanges<E> net = NetChanges.of(type, changes);
    boolean stages = !net.updates().isEmpty() || !net.upserts().isEmpty();
    String staging = stages ? session.staging(table) : "";
    return Optional.of(blame -> {
      CopyManager copies = session.copies();
      if (group.isReversible()) {
        remember(session, copies, changes);
      }
      delete(session, net.deletes());
      insert(copies, net.inserts(), group.number(), blame);
      update(session, staging, net.updates(), blame);
      if (!net.updates().isEmpty() && !net.upserts().isEmpty()) {
        session.handle().execute("TRUNCATE " + staging);
      }
      upsert(session, staging, net.upserts(), blame);
    });
  }

  private void insert(CopyManager copies, List<E> rows, long commit, Blame blame)
      throws SQLException {
    if (!rows.isEmpty()) {
      blame.sending(table.type(), rows);
      probe.pass(Probe.Point.DURING_COPY, commit);
      copy(copies, table.copy(), rows);
    }
  }

  private void copy(CopyManager copies, String sql, List<E> rows) throws SQLException {
    try (CopyStream stream = new CopyStream(copies, sql, buffer)) {
      for (E row : rows) {
        encoder.row(buffer, row);
        stream.rowEnds();
      }
      stream.end();
    }
  }

  private void update(Session session, String staging, List<E> rows, Blame blame)
      throws SQLException {
    if (rows.isEmpty()) {
      return;
    }
    blame.sending(table.type(), rows);
    copy(session.copies(), table.copyStaging(staging), rows);
    session.handle().execute(PIN_PLAN);
    int updated = session.handle().execute(table.update(staging, chain));
    if (updated != rows.size()) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "rows have gone that Millrace had written; somebody else writes: table=%s expected=%d found=%d"
              .formatted(table, rows.size(), updated));
    }
  }

  private void upsert(Session session, String staging, List<E> rows, Blame blame)
      throws SQLException {
    if (!rows.isEmpty()) {
      blame.sending(table.type(), rows);
      copy(session.copies(), table.copyStaging(staging), rows);
      session.handle().execute(table.upsert(staging));
    }
  }

  private void delete(Session session, List<Object> ids) throws SQLException {
    if (!ids.isEmpty()) {
      session.handle().execute(PIN_PLAN);
      try (PreparedStatement statement =
          session.connection().prepareStatement(table.delete(chain))) {
        bindIds(session, statement, 1, ids);
        statement.executeUpdate();
      }
    }
  }

  private void bindIds(Session session, PreparedStatement statement, int first, List<Object> ids)
      throws SQLException {
    EntityType<E> type = table.type();
    for (int i = 0; i < type.ids().size(); i++) {
      int part = i;
      List<Object> values = ids.stream().map(id -> type.parts(id).get(part)).toList();
      statement.setArray(
          first + i, Parameters.many(session.connection(), type.ids().get(i).type(), values));
    }
  }

  /** Keeps what stood there before each block, before anything is written over it. */
  private void remember(Session session, CopyManager copies, List<TableChanges<E>> parts)
      throws SQLException {
    List<Object> blindIds = new ArrayList<>();
    List<Long> blindCheckpoints = new ArrayList<>();
    try (CopyStream stream = new CopyStream(copies, table.copyUndo(), buffer)) {
      for (TableChanges<E> changes : parts) {
        for (int i = 0; i < changes.size(); i++) {
          if (changes.isBlind(i)) {
            blindIds.add(changes.id(i));
            blindCheckpoints.add(changes.checkpoint(i));
          } else {
            encoder.undo(buffer, changes.checkpoint(i), changes.id(i), changes.before(i));
            stream.rowEnds();
          }
        }
      }
      stream.end();
    }
    if (!blindIds.isEmpty()) {
      rememberBlind(session, blindIds, blindCheckpoints);
    }
  }

  private void rememberBlind(Session session, List<Object> ids, List<Long> checkpoints)
      throws SQLException {
    session.handle().execute(PIN_PLAN);
    try (PreparedStatement statement =
        session.connection().prepareStatement(table.rememberBlind(chain))) {
      statement.setArray(
          1,
          Parameters.longs(
              session.connection(), checkpoints.stream().mapToLong(Long::longValue).toArray()));
      bindIds(session, statement, 2, ids);
      statement.executeUpdate();
    }
  }
}
