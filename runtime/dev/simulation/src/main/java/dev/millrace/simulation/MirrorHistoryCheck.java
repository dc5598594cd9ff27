package dev.millrace.simulation;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Versions;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.testkit.RowVersion;
import dev.millrace.testkit.SerialOracle;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * Compares the visible rows of a mirror with the history that a serial oracle has written: one
 * version for each row and each block that saved or deleted it, no more and no fewer, and so the
 * right rows as of every checkpoint. For entities with {@link Versions#LATEST} it compares only the
 * versions present, and the states from the last final checkpoint on.
 */
public final class MirrorHistoryCheck {
  private MirrorHistoryCheck() {}

  /**
   * Describes the differences of one entity; empty if there are none.
   *
   * @param found the visible versions
   */
  public static List<String> differences(
      EntityType<?> type, SerialOracle oracle, EpochHistory epochHistory, List<RowVersion> found) {
    List<String> wrong = new ArrayList<>();
    List<RowVersion> expected = oracle.versions(type);
    boolean latest = type.layout().versions() == Versions.LATEST && !type.isImmutable();
    List<RowVersion> extra = without(found, expected);
    List<RowVersion> missing = latest ? List.of() : without(expected, found);
    if (!extra.isEmpty() || !missing.isEmpty()) {
      wrong.add(
          "versions differ: table=%s missing=%s extra=%s".formatted(type.table(), missing, extra));
    }
    long first = latest ? epochHistory.finalizedCheckpoint() : 0;
    for (long at = first; wrong.isEmpty() && at <= epochHistory.checkpoint(); at++) {
      Map<Object, ?> right = oracle.rows(type, at);
      Map<Object, Object> rows = rows(type, found, at);
      if (!right.equals(rows)) {
        wrong.add(
            "rows differ: table=%s checkpoint=%d expected=%s found=%s"
                .formatted(type.table(), at, right, rows));
      }
    }
    return wrong;
  }

  /** Subtracts as multisets. */
  private static List<RowVersion> without(List<RowVersion> all, List<RowVersion> others) {
    Map<RowVersion, Integer> left = new HashMap<>();
    others.forEach(version -> left.merge(version, 1, Integer::sum));
    return all.stream()
        .filter(version -> left.merge(version, -1, Integer::sum) < 0)
        .sorted(Comparator.comparingLong(RowVersion::checkpoint))
        .toList();
  }

  /** Returns the rows as a reader sees them as of a checkpoint. */
  private static Map<Object, Object> rows(EntityType<?> type, List<RowVersion> found, long at) {
    Map<Object, RowVersion> newest = new TreeMap<>(SerialOracle.byId(type));
    for (RowVersion version : found) {
      if (version.checkpoint() <= at) {
        newest.merge(
            version.id(),
            version,
            (one, other) -> one.checkpoint() > other.checkpoint() ? one : other);
      }
    }
    Map<Object, Object> rows = new TreeMap<>(SerialOracle.byId(type));
    newest.forEach((id, version) -> {
      if (version.row() != null) {
        rows.put(id, Objects.requireNonNull(version.row()));
      }
    });
    return rows;
  }
}
