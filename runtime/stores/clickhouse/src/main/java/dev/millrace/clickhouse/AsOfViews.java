package dev.millrace.clickhouse;

import dev.millrace.clickhouse.client.ClickHouseSql;
import dev.millrace.loaders.Versions;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Views of a past state of a lane, by its checkpoint, by a block or by a moment: {@code
 * account_at(chain = 1, checkpoint = 7)}. A state that is no longer known is refused with a message
 * rather than replaced by the nearest one. A block or a moment beyond what the chain has reached
 * returns the current state: only checkpoints are stored, so the views cannot know which blocks the
 * chain has reached.
 */
final class AsOfViews {
  private static final String CHAIN = "{chain:UInt64}";
  private static final String CHECKPOINT = "{checkpoint:UInt64}";

  /** The current checkpoint of the lane, as published. */
  private static final String PUBLISHED_CHECKPOINT =
      "(SELECT max(`end`) FROM (SELECT argMax(`end`, (`by`, commit)) AS `end` FROM millrace_ends"
          + " WHERE chain = {chain:UInt64} GROUP BY epoch))";

  private static final String FINAL_CHECKPOINT =
      "(SELECT argMax(settled, (`by`, commit)) FROM millrace_ends WHERE chain = {chain:UInt64})";

  /** The first known checkpoint: a mirror that was rebuilt does not know the states before it. */
  private static final String BASE =
      "(SELECT toUInt64OrZero(splitByChar(' ', argMax(value, written))[3]) FROM millrace_mirror"
          + " WHERE key = concat('born ', toString({chain:UInt64})))";

  private static final String OF_BLOCK =
      "(SELECT max(checkpoint) FROM millrace_checkpoints"
          + " WHERE chain = {chain:UInt64} AND block <= {block:UInt64})";

  private static final String OF_MOMENT =
      "(SELECT max(checkpoint) FROM millrace_checkpoints"
          + " WHERE chain = {chain:UInt64} AND time <= {time:DateTime64(6, 'UTC')})";

  /**
   * True if the block after {@link #OF_MOMENT} has no time: it may lie before the moment as well.
   */
  private static final String IS_VAGUE =
      "(SELECT argMin(time IS NULL, checkpoint) FROM millrace_checkpoints"
          + " WHERE chain = {chain:UInt64} AND checkpoint > %s)".formatted(OF_MOMENT);

  private AsOfViews() {}

  static Map<String, String> of(MirrorTable<?> table) {
    String name = table.type().table() + "_at";
    Map<String, String> views = new LinkedHashMap<>();
    views.put(name, view(table, CHECKPOINT, isAhead()));
    views.put(name + "_block", view(table, OF_BLOCK, ""));
    views.put(name + "_time", view(table, OF_MOMENT, isVague()));
    return views;
  }

  private static String view(MirrorTable<?> table, String checkpoint, String guard) {
    String condition =
        "\n  AND _r.chain = %s AND _r._checkpoint <= %s%s%s%s"
            .formatted(
                CHAIN, checkpoint, guard, isUnknown(checkpoint), isForgotten(table, checkpoint));
    return MirrorViews.with()
        + (table.type().isImmutable()
            ? MirrorViews.filter(table, condition)
            : MirrorViews.last(table, condition));
  }

  private static String isAhead() {
    return refusedIf(
        "%s > %s".formatted(CHECKPOINT, PUBLISHED_CHECKPOINT),
        "the chain has not reached this checkpoint yet");
  }

  private static String isUnknown(String checkpoint) {
    return refusedIf(
        "%s < %s".formatted(checkpoint, BASE),
        "the mirror was made anew later than this: states before that are not known");
  }

  private static String isVague() {
    return refusedIf(
        IS_VAGUE + " = 1",
        "the times of the blocks around this moment are not known: ask for a block");
  }

  /** Refuses a state before the last final checkpoint if only the latest versions are kept. */
  private static String isForgotten(MirrorTable<?> table, String checkpoint) {
    return table.type().isImmutable() || table.type().layout().versions() == Versions.ALL
        ? ""
        : refusedIf(
            "%s < %s".formatted(checkpoint, FINAL_CHECKPOINT),
            ("of %s only the latest versions are kept:"
                    + " states before the last final checkpoint are gone")
                .formatted(table.type().table()));
  }

  /** In a subquery of its own, so that it refuses even if there is no row to look at. */
  private static String refusedIf(String condition, String why) {
    return "\n  AND (SELECT throwIf(%s, %s)) = 0".formatted(condition, ClickHouseSql.text(why));
  }
}
