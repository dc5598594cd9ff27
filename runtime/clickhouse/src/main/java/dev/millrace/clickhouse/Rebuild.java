package dev.millrace.clickhouse;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.Storage;
import dev.millrace.pipeline.Block;
import dev.millrace.pipeline.Ends;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.Ledger;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Rebuilds a mirror from rows that PostgreSQL has; drops the old one first. For each lane it gets
 * the rows as of the last final checkpoint, and every version since; earlier states are unknown
 * afterwards, and reads as of them are refused. Until {@link #end} a lane is not in the mirror, so
 * a rebuild that dies is begun again. Confined to one thread.
 */
public final class Rebuild implements AutoCloseable {
  private final Server server;
  private final Indexer indexer;
  private final Inserts inserts;
  private final RowBuffer out = new RowBuffer();
  private final RowBuffer blocks = new RowBuffer();
  private final Set<Long> lanes = new HashSet<>();

  private @Nullable LaneName lane;
  private @Nullable Ledger ledger;

  /** The table of the rows in the buffer. */
  private @Nullable MirrorTable<?> table;

  private int buffered;
  private int chunk;

  private Rebuild(Server server, Indexer indexer, Inserts inserts) {
    this.server = server;
    this.indexer = indexer;
    this.inserts = inserts;
  }

  static Rebuild begin(MirrorSettings settings, Indexer indexer) {
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
    ClickHouseMirror.reset(settings);
    Inserts inserts = ClickHouseMirror.create(settings, indexer);
    return new Rebuild(new Server(settings), indexer, inserts);
  }

  /**
   * Begins a lane; all following calls are about it.
   *
   * @param now read while the lane is held, so that it does not move
   */
  public void begin(String name, Ledger now) {
    long chain = ClickHouseMirror.chain(name);
    lane = new LaneName(indexer.name(), chain);
    ledger = now;
    chunk = 0;
  }

  /** Adds a row, as it has stood since a checkpoint. */
  public <E> void saved(EntityType<E> type, E entity, long checkpoint) {
    MirrorTable<E> target = target(type);
    target.encoder().writeSaved(lane().chain(), entity, out);
    written(checkpoint, RowEncoder.SAVED);
  }

  /** Adds the deletion of a row at a checkpoint. */
  public <E> void deleted(EntityType<E> type, Object id, long checkpoint) {
    MirrorTable<E> target = target(type);
    target.encoder().writeDeleted(lane().chain(), id, out);
    written(checkpoint, RowEncoder.DELETED);
  }

  private void written(long checkpoint, int operation) {
    RowEncoder.writePlace(ledger().epoch(), checkpoint, operation, out);
    buffered++;
    if (buffered == Inserts.MOST_ROWS || out.length() >= Inserts.MOST_BYTES) {
      flush();
    }
  }

  /** Adds the block of a checkpoint; the blocks of the window are enough. */
  public void reached(Block block, long checkpoint) {
    GroupRows.Reached.write(lane().chain(), block, ledger().epoch(), checkpoint, blocks);
    if (blocks.length() >= Inserts.MOST_BYTES) {
      flushBlocks();
    }
  }

  private void flushBlocks() {
    if (blocks.length() > 0) {
      insert(OwnTables.REACHED, OwnTables.REACHED_COLUMNS, blocks);
    }
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
      insert(known.name(), known.all(), out);
    }
    buffered = 0;
  }

  private void insert(String name, List<String> columns, RowBuffer rows) {
    String token =
        "%s:rebuild:%d:%d:%d".formatted(indexer.name(), lane().chain(), ledger().epoch(), chunk++);
    Map<String, String> settings = new HashMap<>(inserts.settings(token, false));
    // Rows come in the order of PostgreSQL, so one block may touch every partition there is.
    settings.put("max_partitions_per_insert_block", "0");
    server.insert("rebuild of " + name, name, columns, rows, settings);
    rows.clear();
  }

  /** Marks the lane as whole: it is mirrored from now on. */
  public void end() {
    flush();
    flushBlocks();
    Ledger now = ledger();
    ClickHouseLane.publish(
        server,
        inserts,
        lane().chain(),
        new Ends(
            now.epoch(),
            now.commit(),
            now.epochs().stream()
                .map(epoch -> new Ends.End(epoch.number(), epoch.end(), epoch.opened()))
                .toList(),
            now.settled()));
    new LedgerCheck(server, lane(), now)
        .record(
            lanes.isEmpty(), new LedgerCheck.Birth(now.commit(), now.checkpoint(), now.settled()));
    lanes.add(lane().chain());
    lane = null;
    ledger = null;
  }

  private LaneName lane() {
    LaneName known = lane;
    if (known == null) {
      throw new IllegalStateException("rebuild has no lane: call begin first");
    }
    return known;
  }

  private Ledger ledger() {
    Ledger known = ledger;
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
