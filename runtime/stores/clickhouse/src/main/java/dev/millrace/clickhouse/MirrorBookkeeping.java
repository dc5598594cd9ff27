package dev.millrace.clickhouse;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Tables beside those of entities: the schema followed, the ends of epochs, and the blocks of
 * checkpoints.
 */
final class MirrorBookkeeping {
  /** The schema that the mirror follows, and the commit since which it follows each lane. */
  static final String MIRROR = "millrace_mirror";

  /**
   * Published ends of epochs. Merges keep the greatest (by, commit) of each; readers must not rely
   * on that.
   */
  static final String ENDS = "millrace_ends";

  /**
   * The blocks that lanes have reached, a row per checkpoint, with the same visibility as entity
   * rows.
   */
  static final String REACHED = "millrace_reached";

  static final String CHECKPOINTS = "millrace_checkpoints";

  static final List<String> ENDS_COLUMNS =
      List.of("chain", "epoch", "end", "by", "commit", "settled", "opened");
  static final List<String> REACHED_COLUMNS =
      List.of("chain", "block", "hash", "time", "_epoch", "_checkpoint");

  private static final Map<String, String> TABLES = new LinkedHashMap<>();

  static {
    TABLES.put(
        MIRROR,
        """
        (
          key String,
          value String,
          written DateTime64(6, 'UTC') DEFAULT now64(6)
        )
        ENGINE = MergeTree
        ORDER BY key
        SETTINGS %s\
        """
            .formatted(MirrorTable.DURABLE));
    TABLES.put(
        ENDS,
        """
        (
          chain UInt64,
          epoch UInt64,
          end UInt64,
          by UInt64,
          commit UInt64,
          settled UInt64,
          opened DateTime64(6, 'UTC'),
          version UInt128 DEFAULT bitShiftLeft(toUInt128(by), 64) + commit
        )
        ENGINE = ReplacingMergeTree(version)
        ORDER BY (chain, epoch)
        SETTINGS %s\
        """
            .formatted(MirrorTable.DURABLE));
    TABLES.put(
        REACHED,
        """
        (
          chain UInt64 CODEC(ZSTD(1)),
          block UInt64 CODEC(Delta, ZSTD(1)),
          hash FixedString(32),
          time Nullable(DateTime64(6, 'UTC')) CODEC(ZSTD(1)),
          _epoch UInt64 CODEC(Delta, ZSTD(1)),
          _checkpoint UInt64 CODEC(Delta, ZSTD(1))
        )
        ENGINE = MergeTree
        ORDER BY (chain, _checkpoint)
        SETTINGS %s, non_replicated_deduplication_window = %d\
        """
            .formatted(MirrorTable.DURABLE, InsertDedupWindow.of(false)));
  }

  private MirrorBookkeeping() {}

  /** Returns, by name, the rest of each CREATE statement. */
  static Map<String, String> tables() {
    return TABLES;
  }

  static Map<String, String> views() {
    Map<String, String> views = new LinkedHashMap<>();
    views.put(MirrorViews.ALL + "reached", "SELECT * FROM " + REACHED + " AS r");
    views.put(
        CHECKPOINTS,
        """
        WITH %s AS _ends
        SELECT chain, _checkpoint AS checkpoint, _epoch AS epoch, block, hash, time
        FROM %sreached
        WHERE %s\
        """
            .formatted(MirrorViews.ENDS_BY_EPOCH, MirrorViews.ALL, MirrorViews.IS_VISIBLE));
    return views;
  }
}
