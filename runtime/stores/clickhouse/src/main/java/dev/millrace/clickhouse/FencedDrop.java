package dev.millrace.clickhouse;

import dev.millrace.clickhouse.client.ClickHouseDatabase;
import dev.millrace.clickhouse.client.ClickHouseErrors;
import dev.millrace.clickhouse.client.ClickHouseSql;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Drops a mirror for a process that holds its lanes, and not for one that has lost them.
 *
 * <p>A process may be stopped between the check that it holds its lanes and the drop, and go on
 * when another process has taken them over: the same names are then tables of the other process.
 * ClickHouse has no transactions, but a RENAME locks all its names, renames in the order in which
 * they stand, and ends at the first one that is missing. So one RENAME moves a table that exists
 * for this alone, the fence, and then everything else; what was moved is dropped afterwards, under
 * names that no other process uses.
 *
 * <p>The fence is created before the lanes are checked, and a process that has taken a lane over
 * withdraws all fences before it relies on the mirror. If the check has passed, the fence was there
 * before the takeover, and the RENAME has ended before it is withdrawn or moves nothing.
 */
final class FencedDrop {
  private static final String FENCE = "millrace_fence_";
  private static final String MOVED = "millrace_moved_";
  private static final String DOING = "drop of the mirror";

  private final ClickHouseDatabase server;
  private final String id = UUID.randomUUID().toString().replace("-", "");
  private final String fence = FENCE + id;

  private FencedDrop(ClickHouseDatabase server) {
    this.server = server;
  }

  /**
   * Drops the mirror. May be called again after a failure.
   *
   * @param held throws if another process has taken over one of the lanes
   */
  static void run(ClickHouseDatabase server, Runnable held) {
    new FencedDrop(server).drop(held);
  }

  /** Keeps former holders of the lanes from dropping the mirror. */
  static void withdrawFences(ClickHouseDatabase server) {
    List<String> fences =
        server.query(
            DOING,
            "SELECT name FROM system.tables WHERE database = currentDatabase()"
                + " AND startsWith(name, %s)".formatted(ClickHouseSql.text(FENCE)),
            rows -> {
              List<String> found = new ArrayList<>();
              while (rows.hasNext()) {
                found.add(rows.readText());
              }
              return found;
            });
    fences.forEach(name -> MirrorSchema.drop(server, name));
  }

  private void drop(Runnable held) {
    server.execute(
        DOING,
        "CREATE TABLE %s (nothing UInt8) ENGINE = MergeTree ORDER BY tuple() COMMENT %s"
            .formatted(
                ClickHouseSql.name(fence), ClickHouseSql.text(MirrorSchema.OWN_TABLES + "fence")));
    try {
      held.run();
      move(held);
    } catch (MillraceException failed) {
      withdraw(failed);
      throw failed;
    }
    // Those of this drop, and of earlier ones that broke off.
    MirrorSchema.ours(server).stream()
        .filter(FencedDrop::isMoved)
        .forEach(name -> MirrorSchema.drop(server, name));
    withdrawFences(server); // of former holders as well, before this process fills the mirror
  }

  private void move(Runnable held) {
    List<String> moves = new ArrayList<>();
    // Both names are of fences, so that a fence is seen, and waited for, until the RENAME has
    // ended.
    moves.add(
        "%s TO %s".formatted(ClickHouseSql.name(fence), ClickHouseSql.name(fence + "_passed")));
    MirrorSchema.ours(server).stream()
        .filter(name -> !isMoved(name) && !name.startsWith(FENCE))
        .forEach(name ->
            moves.add(
                "%s TO %s"
                    .formatted(
                        ClickHouseSql.name(name),
                        ClickHouseSql.name(MOVED + id + "_" + moves.size()))));
    try {
      server.execute(DOING, "RENAME TABLE " + String.join(", ", moves), MirrorViews.LONG_QUERY);
    } catch (MillraceException failed) {
      switch (ClickHouseErrors.code(failed)) {
        case ClickHouseErrors.UNKNOWN_TABLE -> {
          held.run();
          throw new MillraceException(
              Remedy.RETRY, "mirror was used by another process while it was dropped", failed);
        }
        case ClickHouseErrors.NOT_IMPLEMENTED -> {
          // A Replicated database renames one table at a time: there the check alone must do.
          held.run();
          MirrorSchema.drop(server);
        }
        default -> throw failed;
      }
    }
  }

  private static boolean isMoved(String name) {
    return name.startsWith(MOVED);
  }

  private void withdraw(MillraceException failed) {
    try {
      MirrorSchema.drop(server, fence);
    } catch (MillraceException later) {
      failed.addSuppressed(later); // the next holder of the lanes withdraws it
    }
  }
}
