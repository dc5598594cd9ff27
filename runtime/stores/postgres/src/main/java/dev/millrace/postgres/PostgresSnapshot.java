package dev.millrace.postgres;

import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.pipeline.ExecutedBatch;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.postgres.client.PostgresConnections;
import dev.millrace.postgres.client.PostgresErrors;
import dev.millrace.postgres.client.RecordSendDecoder;
import dev.millrace.postgres.client.RequestWatchdog;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot of an indexer's schema: one transaction that changes nothing and blocks no writer.
 * Rows are streamed, with one page of them in memory. For one thread.
 */
public final class PostgresSnapshot implements AutoCloseable {
  private static final int PAGE = 1000;

  private static final String WINDOW =
      """
      SELECT number, hash, parent, time, checkpoint FROM millrace_block
       WHERE chain = ? ORDER BY number
      """;

  private final Handle handle;
  private final RequestWatchdog watch;
  private final RequestWatchdog.Request request;
  private final String schema;
  private final SortedMap<String, EpochHistory> epochHistories;

  private PostgresSnapshot(
      Handle handle,
      RequestWatchdog watch,
      RequestWatchdog.Request request,
      String schema,
      SortedMap<String, EpochHistory> epochHistories) {
    this.handle = handle;
    this.watch = watch;
    this.request = request;
    this.schema = schema;
    this.epochHistories = Collections.unmodifiableSortedMap(epochHistories);
  }

  /** Receives the versions of rows. */
  @FunctionalInterface
  public interface VersionSink<E> {
    /** Receives a row as it stood from a checkpoint on; null if it was deleted. */
    void version(long checkpoint, Object id, @Nullable E row);
  }

  /**
   * Opens a snapshot of an indexer's schema; empty if there is no schema.
   *
   * @throws MillraceException with remedy {@code FIX_SETUP} if the schema was made for another
   *     definition
   */
  public static Optional<PostgresSnapshot> open(DatabaseSettings settings, Indexer indexer) {
    PostgresConnections connections = new PostgresConnections(settings, indexer.name());
    RequestWatchdog watch = new RequestWatchdog(connections);
    Handle handle = null;
    boolean ready = false;
    try {
      handle = connections.open("snapshot");
      // A sort or a scan may send nothing for as long as it takes.
      RequestWatchdog.Request request =
          watch.begin("all", "reading a snapshot", handle.getConnection());
      PostgresSchema schema = new PostgresSchema(handle, indexer.name());
      Connection connection = handle.getConnection();
      connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      connection.setReadOnly(true);
      connection.setAutoCommit(false);
      if (!schema.isOurs()) {
        return Optional.empty();
      }
      schema.checkCurrent(indexer);
      SortedMap<String, EpochHistory> epochHistories = new TreeMap<>();
      for (StoreStatus.LaneState lane : new LaneRegistry(handle).all()) {
        new EpochHistoryQuery(connection)
            .read(lane.lane())
            .ifPresent(epochHistory -> epochHistories.put(lane.lane(), epochHistory));
      }
      ready = true;
      return Optional.of(
          new PostgresSnapshot(handle, watch, request, indexer.name(), epochHistories));
    } catch (SQLException | JdbiException failed) {
      throw PostgresErrors.translate("opening a snapshot", failed);
    } finally {
      if (!ready) {
        watch.close();
        if (handle != null) {
          PostgresConnections.close(handle);
        }
      }
    }
  }

  /** The position of each lane, and the ends of its epochs. */
  public SortedMap<String, EpochHistory> epochHistories() {
    return epochHistories;
  }

  /** Streams all rows of an entity in one lane, in no order. */
  public <E> void rows(EntityType<E> type, String lane, Consumer<E> each) {
    EntityTable<E> table = new EntityTable<>(schema, type);
    RecordSendDecoder<E> decoder = new RecordSendDecoder<>(type);
    stream(
        type,
        "SELECT %s FROM %s AS t WHERE t.chain = ?".formatted(table.row("t"), table),
        List.of(Takeover.chain(lane)),
        row -> each.accept(decoder.row(row.getBytes(1))));
  }

  /**
   * Streams the rows of an entity as of the lane's last final checkpoint, and every later version,
   * the versions of one id in order.
   */
  public <E> void versions(EntityType<E> type, String lane, VersionSink<E> each) {
    EpochHistory epochHistory = epochHistories.get(lane);
    long finalized = epochHistory == null ? 0 : epochHistory.finalizedCheckpoint();
    EntityTable<E> table = new EntityTable<>(schema, type);
    RecordSendDecoder<E> decoder = new RecordSendDecoder<>(type);
    List<Long> arguments = List.of(Takeover.chain(lane), finalized);
    stream(
        type,
        table.untouched(),
        arguments,
        row -> {
          E untouched = decoder.row(row.getBytes(1));
          each.version(finalized, type.id(untouched), untouched);
        });
    UndoLogReplay<E> replay = new UndoLogReplay<>(finalized, each);
    stream(
        type,
        table.touched(),
        arguments,
        row ->
            replay.found(
                row.getLong(1),
                decoder.id(row.getBytes(2)),
                decoded(decoder, row.getBytes(3)),
                decoded(decoder, row.getBytes(4))));
    replay.end();
  }

  private static <E> @Nullable E decoded(RecordSendDecoder<E> decoder, byte @Nullable [] row) {
    return row == null ? null : decoder.row(row);
  }

  /** Returns the last final block and the blocks with events above it, each with its checkpoint. */
  public List<ExecutedBatch.BlockCheckpoint> window(String lane) {
    List<ExecutedBatch.BlockCheckpoint> window = new ArrayList<>();
    read(
        "reading blocks",
        WINDOW,
        List.of(Takeover.chain(lane)),
        row -> {
          long checkpoint = row.getLong(5);
          if (checkpoint > (window.isEmpty() ? 0 : window.getLast().checkpoint())) {
            window.add(new ExecutedBatch.BlockCheckpoint(block(row), checkpoint));
          }
        });
    return window;
  }

  private static SourceBlock block(ResultSet row) throws SQLException {
    byte[] parent = row.getBytes(3);
    OffsetDateTime time = row.getObject(4, OffsetDateTime.class);
    return new SourceBlock(
        row.getLong(1),
        Bytes32.of(row.getBytes(2)),
        parent == null ? null : Bytes32.of(parent),
        time == null ? null : time.toInstant());
  }

  /** Handles one row of a result. */
  @FunctionalInterface
  private interface RowWork {
    void on(ResultSet row) throws SQLException;
  }

  private void stream(EntityType<?> type, String sql, List<Long> arguments, RowWork work) {
    read("reading table " + type.table(), sql, arguments, work);
  }

  private void read(String doing, String sql, List<Long> arguments, RowWork work) {
    try (PreparedStatement statement = handle.getConnection().prepareStatement(sql)) {
      statement.setFetchSize(PAGE);
      for (int i = 0; i < arguments.size(); i++) {
        statement.setLong(i + 1, arguments.get(i));
      }
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          work.on(rows);
        }
      }
    } catch (SQLException failed) {
      throw PostgresErrors.translate(doing, failed);
    }
  }

  @Override
  public void close() {
    request.close();
    watch.close();
    PostgresConnections.close(handle);
  }
}
