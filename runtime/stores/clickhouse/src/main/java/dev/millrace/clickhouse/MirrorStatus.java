package dev.millrace.clickhouse;

import dev.millrace.clickhouse.client.ClickHouseDatabase;
import dev.millrace.clickhouse.client.ClickHouseErrors;
import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.clickhouse.client.RowBinaryInput;
import dev.millrace.loaders.MillraceException;
import java.io.IOException;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The last publication to a mirror, lane by lane.
 *
 * @param lanes by the names of the lanes
 */
public record MirrorStatus(SortedMap<String, PublishedState> lanes) {
  private static final String LAST_PUBLISHED =
      """
      SELECT chain, argMax(epoch, (by, commit)), max((by, commit)).2, argMax(end, (by, commit))
      FROM %s WHERE epoch = by GROUP BY chain\
      """
          .formatted(MirrorBookkeeping.ENDS);

  public MirrorStatus {
    lanes = Collections.unmodifiableSortedMap(new TreeMap<>(lanes));
  }

  /** The commit and checkpoint of an epoch up to which rows are visible. */
  public record PublishedState(long epoch, long commit, long checkpoint) {}

  /** Reads the status and changes nothing; without lanes if there is no mirror. */
  public static MirrorStatus read(MirrorSettings settings) {
    try (ClickHouseDatabase server = new ClickHouseDatabase(settings)) {
      return server.query("status", LAST_PUBLISHED, MirrorStatus::of);
    } catch (MillraceException failed) {
      int code = ClickHouseErrors.code(failed);
      if (code == ClickHouseErrors.UNKNOWN_DATABASE || code == ClickHouseErrors.UNKNOWN_TABLE) {
        return new MirrorStatus(Collections.emptySortedMap());
      }
      throw failed;
    }
  }

  private static MirrorStatus of(RowBinaryInput rows) throws IOException {
    SortedMap<String, PublishedState> lanes = new TreeMap<>();
    while (rows.hasNext()) {
      String lane = Long.toUnsignedString(rows.readLong());
      lanes.put(lane, new PublishedState(rows.readLong(), rows.readLong(), rows.readLong()));
    }
    return new MirrorStatus(lanes);
  }
}
