package dev.millrace.clickhouse;

import dev.millrace.clickhouse.client.ClickHouseErrors;
import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.clickhouse.client.RowInput;
import dev.millrace.clickhouse.client.Server;
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
public record MirrorStatus(SortedMap<String, Told> lanes) {
  private static final String TOLD =
      """
      SELECT chain, argMax(epoch, (by, commit)), max((by, commit)).2, argMax(end, (by, commit))
      FROM %s WHERE epoch = by GROUP BY chain\
      """
          .formatted(OwnTables.ENDS);

  public MirrorStatus {
    lanes = Collections.unmodifiableSortedMap(new TreeMap<>(lanes));
  }

  /** The commit and checkpoint of an epoch up to which rows are visible. */
  public record Told(long epoch, long commit, long checkpoint) {}

  /** Reads the status and changes nothing; without lanes if there is no mirror. */
  public static MirrorStatus read(MirrorSettings settings) {
    try (Server server = new Server(settings)) {
      return server.query("status", TOLD, MirrorStatus::of);
    } catch (MillraceException failed) {
      int code = ClickHouseErrors.code(failed);
      if (code == ClickHouseErrors.UNKNOWN_DATABASE || code == ClickHouseErrors.UNKNOWN_TABLE) {
        return new MirrorStatus(Collections.emptySortedMap());
      }
      throw failed;
    }
  }

  private static MirrorStatus of(RowInput rows) throws IOException {
    SortedMap<String, Told> lanes = new TreeMap<>();
    while (rows.hasNext()) {
      String lane = Long.toUnsignedString(rows.readLong());
      lanes.put(lane, new Told(rows.readLong(), rows.readLong(), rows.readLong()));
    }
    return new MirrorStatus(lanes);
  }
}
