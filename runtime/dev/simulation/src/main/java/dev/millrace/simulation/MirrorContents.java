package dev.millrace.simulation;

import com.google.errorprone.annotations.FormatMethod;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.Versions;
import dev.millrace.pipeline.EpochEnds;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.testkit.RowVersion;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The contents of a {@link MemoryMirror}: rows that are only ever added, tokens of the inserts that
 * brought them, and the published ends of epochs. Guarded by the mirror's lock.
 */
final class MirrorContents {
  /** Number of inserts remembered per table. */
  private static final int WINDOW = 1_000;

  private final List<Stored> rows = new ArrayList<>();
  private final Map<EntityType<?>, Set<String>> tokens = new HashMap<>();
  private final TreeMap<Long, Known> epochs = new TreeMap<>();
  private final Map<Long, Publication> ends = new HashMap<>();
  private final Map<String, EpochEnds> latest = new HashMap<>();
  private String identity = "";

  /** A row as it was sent. */
  record Stored(String lane, EntityType<?> type, long epoch, RowVersion version) {
    long checkpoint() {
      return version.checkpoint();
    }
  }

  /** An epoch as it was published. */
  private record Known(String lane, Instant opened) {}

  /** The statement about an epoch's end that counts. */
  private record Publication(String lane, long end, long by, long commit) {}

  private static final Comparator<EpochEnds> LATER =
      Comparator.comparingLong(EpochEnds::publisherEpoch).thenComparingLong(EpochEnds::commit);

  /** Checks that these contents are a copy of the store with this epoch history. */
  void check(String lane, EpochHistory epochHistory) {
    must(
        identity.isEmpty() || identity.equals(epochHistory.identity()),
        "mirror is of another store");
    Map<Long, Instant> opened = new HashMap<>();
    epochHistory.epochs().forEach(epoch -> opened.put(epoch.number(), epoch.opened()));
    epochs.forEach((number, known) ->
        must(
            known.lane().equals(lane)
                ? known.opened().equals(opened.get(number))
                : !opened.containsKey(number),
            "mirror has an epoch that the store has lost: epoch=%d",
            number));
    EpochEnds last = latest.get(lane);
    long published = last == null ? -1 : last.commit();
    must(
        published <= epochHistory.commit(),
        "mirror has commits that the store has lost: mirror=%d store=%d",
        published,
        epochHistory.commit());
    must(
        published >= epochHistory.commit() - 1,
        "mirror lacks commits of the store: mirror=%d store=%d",
        published,
        epochHistory.commit());
    long until = epochHistory.commit();
    for (EpochHistory.Epoch epoch : epochHistory.epochs().reversed()) {
      must(
          epoch.mirrored() || epoch.afterCommit() == until,
          "commits were made without the mirror: epoch=%d",
          epoch.number());
      until = epoch.afterCommit();
    }
  }

  /** Records the identity of the store. */
  void follow(EpochHistory epochHistory) {
    identity = epochHistory.identity();
  }

  /**
   * Inserts one block of rows, unless it is already there.
   *
   * @param late true if the inserting process has given up on the call long ago
   */
  void insert(EntityType<?> type, String token, List<Stored> block, boolean late) {
    if (!remember(type, token)) {
      return;
    }
    for (Stored row : block) {
      Publication said = ends.get(row.epoch());
      rule(said != null, "row comes before its epoch was announced: row=%s", row);
      rule(
          late || said == null || row.checkpoint() > said.end(),
          "row can be seen before its commit: row=%s",
          row);
    }
    rows.addAll(block);
  }

  private boolean remember(EntityType<?> type, String token) {
    Set<String> known =
        tokens.computeIfAbsent(
            type,
            _ ->
                Collections.newSetFromMap(
                    new LinkedHashMap<>() {
                      private static final long serialVersionUID = 1L;

                      @Override
                      protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
                        return size() > WINDOW;
                      }
                    }));
    return known.add(token);
  }

  /** Publishes all ends at once. */
  void publish(String lane, EpochEnds said, boolean late) {
    EpochEnds last = latest.get(lane);
    if (!late && last != null && last.publisherEpoch() == said.publisherEpoch()) {
      rule(
          last.commit() < said.commit() || last.equals(said),
          "publication does not follow the last one: last=%s next=%s",
          last,
          said);
    }
    for (EpochEnds.End end : said.ends()) {
      epochs.putIfAbsent(end.epoch(), new Known(lane, end.opened()));
      Publication before = ends.get(end.epoch());
      if (before == null
          || before.by() < said.publisherEpoch()
          || (before.by() == said.publisherEpoch() && before.commit() <= said.commit())) {
        ends.put(
            end.epoch(),
            new Publication(lane, end.checkpoint(), said.publisherEpoch(), said.commit()));
      }
    }
    if (last == null || LATER.compare(last, said) <= 0) {
      latest.put(lane, said);
    }
  }

  /** The last publication that counts; null before the first. */
  @Nullable EpochEnds latest(String lane) {
    return latest.get(lane);
  }

  /** Returns the published ends of a lane's epochs. */
  Map<Long, Long> ends(String lane) {
    Map<Long, Long> known = new TreeMap<>();
    ends.forEach((epoch, said) -> {
      if (said.lane().equals(lane)) {
        known.put(epoch, said.end());
      }
    });
    return known;
  }

  /** Returns the versions that are visible with these epoch ends, in order of checkpoints. */
  List<RowVersion> visible(String lane, EntityType<?> type, Map<Long, Long> where) {
    return seen(lane, type, where).stream().map(Stored::version).toList();
  }

  private List<Stored> seen(String lane, EntityType<?> type, Map<Long, Long> where) {
    return rows.stream()
        .filter(row -> row.lane().equals(lane) && row.type().equals(type))
        .filter(row -> row.checkpoint() <= where.getOrDefault(row.epoch(), -1L))
        .sorted(Comparator.comparingLong(Stored::checkpoint))
        .toList();
  }

  int size() {
    return rows.size();
  }

  /**
   * Deletes rows above the published ends of closed epochs, and LATEST versions superseded for
   * good. The store may already know lower ends; until those are published, readers use the old
   * ones.
   */
  void clean(String lane) {
    Map<Long, Long> closed = ends(lane);
    EpochEnds last = latest.get(lane);
    if (last == null) {
      return;
    }
    closed.remove(last.publisherEpoch());
    Predicate<Stored> dead =
        row ->
            row.lane().equals(lane)
                && row.checkpoint() > closed.getOrDefault(row.epoch(), Long.MAX_VALUE);
    Set<Stored> gone = new HashSet<>();
    rows.stream()
        .map(Stored::type)
        .distinct()
        .forEach(type -> {
          if (type.layout().versions() == Versions.LATEST && !type.isImmutable()) {
            gone.addAll(superseded(lane, type));
          }
        });
    rows.removeIf(row -> dead.test(row) || gone.contains(row));
  }

  private List<Stored> superseded(String lane, EntityType<?> type) {
    EpochEnds last = latest.get(lane);
    long finalCheckpoint = last == null ? 0 : last.finalizedCheckpoint();
    Map<Object, Stored> newest = new HashMap<>();
    List<Stored> gone = new ArrayList<>();
    for (Stored row : seen(lane, type, ends(lane))) {
      if (row.checkpoint() <= finalCheckpoint) {
        Stored older = newest.put(row.version().id(), row);
        if (older != null) {
          gone.add(older);
        }
      }
    }
    return gone;
  }

  @FormatMethod
  private static void must(boolean holds, String refusal, @Nullable Object... values) {
    if (!holds) {
      throw new MillraceException(Remedy.FIX_SETUP, refusal.formatted(values));
    }
  }

  @FormatMethod
  private static void rule(boolean holds, String rule, @Nullable Object... values) {
    if (!holds) {
      throw new MillraceException(Remedy.REPORT_BUG, rule.formatted(values));
    }
  }
}
