package dev.millrace.clickhouse;

import dev.millrace.clickhouse.client.ClickHouseDatabase;
import dev.millrace.clickhouse.client.ClickHouseSql;
import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.clickhouse.client.RowBinaryBuffer;
import dev.millrace.clickhouse.client.RowBinaryInput;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.Storage;
import dev.millrace.pipeline.BackoffRetry;
import dev.millrace.pipeline.EpochEnds;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.SourceBlock;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Rebuilds a mirror from rows that PostgreSQL has; drops the old one first. For each lane it gets
 * the rows as of the last final checkpoint, and every version since; earlier states are unknown
 * afterwards, and reads as of them are refused. Until {@link #end} a lane is not in the mirror, so
 * a rebuild that dies is begun again. Confined to one thread.
 *
 * <p>Calls that fail are retried. An insert is sent again with the same token on the same rows, so
 * that ClickHouse adds them once; {@link #end} counts them.
 */
public final class MirrorRebuilder implements AutoCloseable {
  private final ClickHouseDatabase server;
  private final Indexer indexer;
  private final InsertSettings inserts;
  private final BackoffRetry retry;
  private final Runnable held;
  private final RowBinaryBuffer out = new RowBinaryBuffer();
  private final RowBinaryBuffer blocks = new RowBinaryBuffer();
  private final Set<Long> lanes = new HashSet<>();

  private @Nullable LaneId lane;
  private @Nullable EpochHistory epochHistory;

  /** The table of the rows in the buffer. */
  private @Nullable MirrorTable<?> table;

  private int buffered;
  private int bufferedBlocks;
  private int chunk;

  /** Rows of the lane that have been inserted. */
  private final Map<Target, Long> inserted = new LinkedHashMap<>();

  /**
   * A table to insert into.
   *
   * @param expires true if ClickHouse deletes rows by their age
   */
  private record Target(String table, List<String> columns, boolean expires) {
    static final Target REACHED =
        new Target(MirrorBookkeeping.REACHED, MirrorBookkeeping.REACHED_COLUMNS, false);

    static Target of(MirrorTable<?> table) {
      return new Target(table.name(), table.all(), !table.type().layout().ttl().isEmpty());
    }
  }

  private MirrorRebuilder(
      ClickHouseDatabase server,
      Indexer indexer,
      InsertSettings inserts,
      BackoffRetry retry,
      Runnable held) {
    this.server = server;
    this.indexer = indexer;
    this.inserts = inserts;
    this.retry = retry;
    this.held = held;
  }

  static MirrorRebuilder begin(MirrorSettings settings, Indexer indexer, Runnable held) {
    List<String> lost =
        indexer.entities().stream()
            .filter(type -> indexer.storage(type) == Storage.CLICKHOUSE)
            .map(EntityType::name)
            .toList();
    if (!lost.isEmpty()) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          ("mirror cannot be made from PostgreSQL, which does not have all of it:"
                  + " entities=%s; reset both")
              .formatted(lost));
    }
    BackoffRetry retry = new BackoffRetry(System::nanoTime);
    InsertSettings inserts =
        retry.call("drop of the mirror", () -> createAnew(settings, indexer, held));
    return new MirrorRebuilder(new ClickHouseDatabase(settings), indexer, inserts, retry, held);
  }

  private static InsertSettings createAnew(
      MirrorSettings settings, Indexer indexer, Runnable held) {
    try (ClickHouseDatabase server = new ClickHouseDatabase(settings)) {
      MirrorSchema.createDatabase(server, settings);
      FencedDrop.run(server, held);
    }
    return ClickHouseMirror.create(settings, indexer);
  }

  /**
   * Begins a lane; all following calls are about it.
   *
   * @param now read while the lane is held, so that it does not move
   */
  public void begin(String name, EpochHistory now) {
    long chain = ClickHouseMirror.chain(name);
    lane = new LaneId(indexer.name(), chain);
    epochHistory = now;
    chunk = 0;
    inserted.clear();
  }

  /** Adds a row, as it has stood since a checkpoint. */
  public <E> void saved(EntityType<E> type, E entity, long checkpoint) {
    MirrorTable<E> target = target(type);
    target.encoder().writeSaved(lane().chain(), entity, out);
    written(checkpoint, RowBinaryEncoder.SAVED);
  }

  /** Adds the deletion of a row at a checkpoint. */
  public <E> void deleted(EntityType<E> type, Object id, long checkpoint) {
    MirrorTable<E> target = target(type);
    target.encoder().writeDeleted(lane().chain(), id, out);
    written(checkpoint, RowBinaryEncoder.DELETED);
  }

  private void written(long checkpoint, int operation) {
    RowBinaryEncoder.writePlace(epochHistory().epoch(), checkpoint, operation, out);
    buffered++;
    if (buffered == InsertSettings.MAX_ROWS || out.length() >= InsertSettings.MAX_BYTES) {
      flush();
    }
  }

  /** Adds the block of a checkpoint; the blocks of the window are enough. */
  public void reached(SourceBlock block, long checkpoint) {
    MirrorGroupRows.Reached.write(
        lane().chain(), block, epochHistory().epoch(), checkpoint, blocks);
    bufferedBlocks++;
    if (blocks.length() >= InsertSettings.MAX_BYTES) {
      flushBlocks();
    }
  }

  private void flushBlocks() {
    if (blocks.length() > 0) {
      insert(Target.REACHED, blocks, bufferedBlocks);
    }
    bufferedBlocks = 0;
  }

  @SuppressWarnings("unchecked")
  private <E> MirrorTable<E> target(EntityType<E> type) {
    MirrorTable<?> known = table;
    if (known == null || known.type() != type) {
      flush();
      known = new MirrorTable<>(type);
      table = known;
    }
    return (MirrorTable<E>) known;
  }

  private void flush() {
    MirrorTable<?> known = table;
    if (buffered > 0 && known != null) {
      insert(Target.of(known), out, buffered);
    }
    buffered = 0;
  }

  private void insert(Target target, RowBinaryBuffer rows, int count) {
    String token =
        "%s:rebuild:%d:%d:%d"
            .formatted(indexer.name(), lane().chain(), epochHistory().epoch(), chunk++);
    Map<String, String> settings = new HashMap<>(inserts.settings(token, false));
    // Rows come in the order of PostgreSQL, so one block may touch every partition there is.
    settings.put("max_partitions_per_insert_block", "0");
    String doing = "rebuild of " + target.table();
    retry.run(doing, () -> server.insert(doing, target.table(), target.columns(), rows, settings));
    inserted.merge(target, (long) count, Long::sum);
    rows.clear();
  }

  /**
   * Counts the rows. ClickHouse notes a token before it has the rows, and less durably: if an
   * engine died in between, it may drop a retry as a duplicate or accept a duplicate as new.
   */
  private void checkArrived(Target target, long expected) {
    String doing = "count of " + target.table();
    long there =
        retry.call(
            doing,
            () ->
                server.query(
                    doing,
                    "SELECT count() FROM %s WHERE chain = %s AND _epoch = %d"
                        .formatted(
                            ClickHouseSql.name(target.table()),
                            Long.toUnsignedString(lane().chain()),
                            epochHistory().epoch()),
                    RowBinaryInput::readLong));
    if (there > expected || (there < expected && !target.expires())) {
      retry.run("check of the lanes", held); // another rebuild may have dropped them
      throw new MillraceException(
          Remedy.RESTART,
          "insert was lost or doubled when it was sent again, begin the rebuild again: table=%s"
                  .formatted(target.table())
              + " rows=%d found=%d".formatted(expected, there));
    }
  }

  /** Marks the lane as whole: it is mirrored from now on. */
  public void end() {
    flush();
    flushBlocks();
    inserted.forEach(this::checkArrived);
    retry.run("check of the lanes", held);
    EpochHistory now = epochHistory();
    EpochEnds ends =
        new EpochEnds(
            now.epoch(),
            now.commit(),
            now.epochs().stream()
                .map(epoch -> new EpochEnds.End(epoch.number(), epoch.end(), epoch.opened()))
                .toList(),
            now.finalizedCheckpoint());
    retry.run(
        "publication of the rebuild",
        () -> ClickHouseLane.publish(server, inserts, lane().chain(), ends));
    retry.run(
        "end of the rebuild",
        () ->
            new MirrorConsistencyCheck(server, lane(), now)
                .record(
                    lanes.isEmpty(),
                    new MirrorConsistencyCheck.MirrorOrigin(
                        now.commit(), now.checkpoint(), now.finalizedCheckpoint())));
    lanes.add(lane().chain());
    lane = null;
    epochHistory = null;
  }

  private LaneId lane() {
    LaneId known = lane;
    if (known == null) {
      throw new IllegalStateException("rebuild has no lane: call begin first");
    }
    return known;
  }

  private EpochHistory epochHistory() {
    EpochHistory known = epochHistory;
    if (known == null) {
      throw new IllegalStateException("rebuild has no lane: call begin first");
    }
    return known;
  }

  @Override
  public void close() {
    server.close();
  }
}
