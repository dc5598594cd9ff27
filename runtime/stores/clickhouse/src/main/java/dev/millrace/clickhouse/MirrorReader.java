package dev.millrace.clickhouse;

import dev.millrace.clickhouse.client.ClickHouseDatabase;
import dev.millrace.clickhouse.client.ClickHouseSql;
import dev.millrace.clickhouse.client.RowBinaryInput;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Indexer;
import java.io.IOException;
import java.util.Map;
import java.util.SortedMap;
import java.util.function.Consumer;

/**
 * Reads rows as of a checkpoint, by ends that the caller knows, for {@code verify} to compare with
 * PostgreSQL. Ignores what is published. Confined to one thread.
 */
public final class MirrorReader implements AutoCloseable {
  /** Starts each row, so that an error in the middle of a response is not taken for one. */
  private static final int ROW = 1;

  /**
   * Bounds the server's memory. Rows come in the order of the key, so the server groups and sorts
   * them as it reads; if an entity has another order, it spills what exceeds these limits to disk.
   */
  private static final Map<String, String> IN_BOUNDS =
      Map.of(
          "optimize_aggregation_in_order", "1",
          "optimize_read_in_order", "1",
          "max_bytes_before_external_group_by", "300000000",
          "max_bytes_before_external_sort", "300000000",
          "max_threads", "2",
          "max_block_size", "8192",
          "max_query_size", MirrorViews.MAX_TEXT);

  private final ClickHouseDatabase server;
  private final Indexer indexer;

  MirrorReader(ClickHouseDatabase server, Indexer indexer) {
    this.server = server;
    this.indexer = indexer;
  }

  /**
   * Reads every row of an entity that a lane had at a checkpoint, in the order of its id.
   *
   * @param ends the last checkpoint that counts, by epoch; rows of other epochs do not count
   */
  public <E> void rows(
      EntityType<E> type,
      String lane,
      long checkpoint,
      SortedMap<Long, Long> ends,
      Consumer<E> consumer) {
    MirrorTable<E> table = table(type);
    RowBinaryDecoder<E> decoder = new RowBinaryDecoder<>(type);
    String ids = ClickHouseSql.names(table.ids());
    String sql =
        "SELECT toUInt8(1), %s FROM (%s %s) ORDER BY chain, %s"
            .formatted(
                ClickHouseSql.names(table.visible().subList(1, table.visible().size())),
                "WITH " + MirrorViews.ends(ends) + " AS _ends",
                rows(table, ClickHouseMirror.chain(lane), checkpoint),
                ids);
    server.query(
        "read of " + table.name(),
        sql,
        IN_BOUNDS,
        rows -> {
          long count = 0;
          while (rows.hasNext()) {
            checkRow(rows);
            consumer.accept(decoder.read(rows));
            count++;
          }
          return count;
        });
  }

  private <E> MirrorTable<E> table(EntityType<E> type) {
    if (!indexer.storage(type).isMirrored()) {
      throw new MillraceException(
          Remedy.FIX_SETUP, "entity is not in ClickHouse: entity=" + type.name());
    }
    return new MirrorTable<>(type);
  }

  private static void checkRow(RowBinaryInput rows) throws IOException {
    if (rows.readByte() != ROW) {
      throw new MillraceException(
          Remedy.RETRY, "rows end in the middle: the server has failed while it sent them");
    }
  }

  private static String rows(MirrorTable<?> table, long chain, long checkpoint) {
    String condition =
        " AND _r.chain = %s AND _r._checkpoint <= %d"
            .formatted(Long.toUnsignedString(chain), checkpoint);
    return table.type().isImmutable()
        ? MirrorViews.filter(table, condition)
        : MirrorViews.last(table, condition);
  }

  /** Idempotent; ends a read in flight. */
  @Override
  public void close() {
    server.close();
  }
}
