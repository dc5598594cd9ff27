package dev.millrace.clickhouse;

import dev.millrace.clickhouse.client.ClickHouseDatabase;
import dev.millrace.clickhouse.client.ClickHouseErrors;
import dev.millrace.clickhouse.client.ClickHouseSql;
import dev.millrace.clickhouse.client.RowBinaryBuffer;
import dev.millrace.clickhouse.client.RowBinaryInput;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.MirrorGroup;
import java.util.List;
import java.util.Map;

/**
 * A group being inserted, chunk by chunk. Remembers what has been confirmed, so that a retry goes
 * on with the chunk whose answer is missing, cut as before: the same token on the same rows is what
 * makes ClickHouse add them once. Confined to the mirror thread.
 */
final class MirrorGroupInsert {
  private static final int TOO_MANY_PARTS = 252;

  /**
   * The pause of the client's HTTP layer before it resends, by itself, a request refused with 429
   * or 503.
   */
  private static final long CLIENT_RETRY_DELAY_NANOS = 1_000_000_000;

  private final LaneId lane;
  private final MirrorGroup group;
  private final List<MirrorGroupRows> tables;
  private final long number;

  /** The start of the next chunk. */
  private int table;

  private int part;
  private int index;

  private int chunk;

  /** Confirmed rows of this table. */
  private long confirmed;

  private int mostRows = InsertSettings.MAX_ROWS;
  private boolean tried;
  private long firstTry;

  /** True once ClickHouse may have a chunk. */
  private boolean partlySent;

  MirrorGroupInsert(LaneId lane, MirrorGroup group, List<MirrorTable<?>> tables) {
    this.lane = lane;
    this.group = group;
    this.tables = MirrorGroupRows.of(lane, group, tables);
    this.number = group.batches().getLast().number();
  }

  /** True if this is the same group, tried again. */
  @SuppressWarnings("ReferenceEquality") // an equal group would have been cut anew
  boolean isOf(MirrorGroup other) {
    return group == other;
  }

  /** Sends what has not been confirmed yet. */
  void run(
      ClickHouseDatabase server, InsertSettings inserts, RowBinaryBuffer out, Failpoint failpoint) {
    try {
      sendRest(server, inserts, out, failpoint);
    } catch (MillraceException failed) {
      if (!partlySent || failed.remedy() != Remedy.FIX_HANDLER) {
        throw failed;
      }
      // After FIX_HANDLER the lane sends the batches again one by one, under other tokens: rows
      // that have arrived already would be added twice.
      throw new MillraceException(
          Remedy.RESTART,
          "row was refused after a part of its group was sent, a new epoch makes up for it: "
              + failed.getMessage(),
          failed);
    }
  }

  private void sendRest(
      ClickHouseDatabase server, InsertSettings inserts, RowBinaryBuffer out, Failpoint failpoint) {
    while (table < tables.size()) {
      MirrorGroupRows rows = tables.get(table);
      int partBefore = part;
      int indexBefore = index;
      boolean again = tried;
      out.clear();
      int count = fill(rows, out);
      if (count == 0) {
        nextTable();
        continue;
      }
      boolean sent = false;
      try {
        long began = System.nanoTime();
        send(server, inserts, rows, out);
        failpoint.reached(Failpoint.Point.MIRRORING, number);
        if (again || System.nanoTime() - began > CLIENT_RETRY_DELAY_NANOS) {
          verifyRowCount(server, rows, confirmed + count);
        }
        sent = true;
        confirmed += count;
      } finally {
        if (!sent) {
          part = partBefore;
          index = indexBefore;
        }
      }
      tried = false;
      chunk++;
    }
  }

  private void nextTable() {
    table++;
    part = 0;
    index = 0;
    chunk = 0;
    confirmed = 0;
    mostRows = InsertSettings.MAX_ROWS;
  }

  /** Encodes the next chunk and moves behind it. */
  private int fill(MirrorGroupRows rows, RowBinaryBuffer out) {
    int count = 0;
    while (part < rows.parts() && count < mostRows && out.length() < InsertSettings.MAX_BYTES) {
      if (index == rows.size(part)) {
        part++;
        index = 0;
      } else {
        rows.write(part, index++, out);
        count++;
      }
    }
    return count;
  }

  private void send(
      ClickHouseDatabase server,
      InsertSettings inserts,
      MirrorGroupRows rows,
      RowBinaryBuffer out) {
    InsertDedupWindow window = inserts.window(rows.table());
    if (!tried) {
      tried = true;
      firstTry = window.position();
    } else if (window.hasForgotten(firstTry)) {
      throw new MillraceException(
          Remedy.RESTART,
          "insert can not be sent again, the table has forgotten whether it has it: table="
              + rows.table());
    }
    partlySent = true;
    window.add(rows.isPartitioned() ? InsertDedupWindow.MAX_PARTITIONS : 1);
    Map<String, String> settings = inserts.settings(token(rows), rows.isPartitioned());
    try {
      server.insert(operation(rows), rows.table(), rows.columns(), out, settings);
    } catch (MillraceException failed) {
      if (!isTooWide(rows, failed) || mostRows <= InsertDedupWindow.MAX_PARTITIONS) {
        throw failed;
      }
      // ClickHouse has written no row of it, so its token is free for a smaller chunk.
      mostRows = Math.max(InsertDedupWindow.MAX_PARTITIONS, mostRows / 4);
      throw new MillraceException(Remedy.RETRY, failed.getMessage() + " rows=" + mostRows, failed);
    }
  }

  /**
   * Counts the rows. ClickHouse notes a token before it has the rows, and less durably: if an
   * engine died in between, it may drop a retry as a duplicate or accept a duplicate as new.
   */
  private void verifyRowCount(ClickHouseDatabase server, MirrorGroupRows rows, long expected) {
    long there =
        server.query(
            operation(rows),
            "SELECT count() FROM %s WHERE chain = %s AND _epoch = %d AND _checkpoint BETWEEN %d AND %d"
                .formatted(
                    ClickHouseSql.name(rows.table()),
                    Long.toUnsignedString(lane.chain()),
                    group.epoch(),
                    group.firstCheckpoint(),
                    group.lastCheckpoint()),
            RowBinaryInput::readLong);
    if (there > expected || (there < expected && !rows.expires())) {
      throw new MillraceException(
          Remedy.RESTART,
          "insert was lost or doubled when it was sent again, a new epoch makes up for it: table=%s"
                  .formatted(rows.table())
              + " rows=%d found=%d".formatted(expected, there));
    }
  }

  /**
   * True if a chunk has more partitions than one insert may have; ClickHouse refuses it as a whole.
   */
  private static boolean isTooWide(MirrorGroupRows rows, MillraceException failed) {
    String message = String.valueOf(failed.getMessage());
    return rows.isPartitioned()
        && ClickHouseErrors.code(failed) == TOO_MANY_PARTS
        && message.contains("partitions for single INSERT");
  }

  private String operation(MirrorGroupRows rows) {
    return "insert into %s of checkpoints %d to %d"
        .formatted(rows.table(), group.firstCheckpoint(), group.lastCheckpoint());
  }

  private String token(MirrorGroupRows rows) {
    return "%s:%d:%d:%s:%d-%d:%d"
        .formatted(
            lane.indexer(),
            lane.chain(),
            group.epoch(),
            rows.table(),
            group.firstCheckpoint(),
            group.lastCheckpoint(),
            chunk);
  }
}
