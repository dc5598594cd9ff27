package dev.millrace.postgres;

import dev.millrace.loaders.EntityType;
import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.postgres.client.NetworkOrderBuffer;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * The tables that a lane writes: those of the entities, the bookkeeping, and the undo log that
 * finality prunes. Confined to the commit thread, but for {@link #effects}.
 */
final class LaneTables {
  private final List<EntityTable<?>> entities = new ArrayList<>();
  private final List<EntityTableWriter<?>> writers = new ArrayList<>();
  private final BookkeepingTables bookkeeping;
  private final Pruning pruning;

  LaneTables(String schema, String lane, List<EntityType<?>> types, Failpoint failpoint) {
    long chain = Takeover.chain(lane);
    NetworkOrderBuffer buffer = new NetworkOrderBuffer();
    for (EntityType<?> type : types) {
      EntityTable<?> table = new EntityTable<>(schema, type);
      entities.add(table);
      writers.add(new EntityTableWriter<>(table, chain, buffer, failpoint));
    }
    this.bookkeeping = new BookkeepingTables(chain);
    this.pruning = new Pruning(entities, lane, chain);
  }

  List<EntityTable<?>> entities() {
    return entities;
  }

  /** Prepares the rows of a group, outside its transaction. */
  List<EntityTableWriter.Write> prepare(CommitSession session, CommitGroup group)
      throws SQLException {
    List<EntityTableWriter.Write> writes = new ArrayList<>();
    for (EntityTableWriter<?> writer : writers) {
      writer.prepare(session, group).ifPresent(writes::add);
    }
    return writes;
  }

  /** Writes what was prepared of a group, inside its transaction. */
  void write(
      Connection connection,
      CommitGroup group,
      List<EntityTableWriter.Write> prepared,
      CommitErrorContext blame)
      throws SQLException {
    for (EntityTableWriter.Write write : prepared) {
      write.run(blame);
    }
    bookkeeping.write(connection, group);
    pruning.run(connection, group);
  }

  /** Records that the transaction has committed, hence what was pruned in it is gone. */
  void committed() {
    pruning.committed();
  }

  /** Reads the answers of an effect that are stored. */
  Map<String, String> effects(Connection connection, String effect, Collection<String> inputs)
      throws SQLException {
    return bookkeeping.answers(connection, effect, inputs);
  }
}
