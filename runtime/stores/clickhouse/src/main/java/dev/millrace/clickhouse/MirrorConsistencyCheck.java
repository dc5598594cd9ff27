package dev.millrace.clickhouse;

import dev.millrace.clickhouse.client.ClickHouseDatabase;
import dev.millrace.clickhouse.client.ClickHouseSql;
import dev.millrace.clickhouse.client.ClickHouseTypes;
import dev.millrace.clickhouse.client.RowBinaryInput;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.EpochHistory;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Checks that a mirror is a copy of what an epoch history says, whole up to its last commit. All of
 * it is about one lane, except the identity of the schema: lanes share a sequence of epochs and
 * nothing else.
 */
final class MirrorConsistencyCheck {
  private static final String IDENTITY = "identity";

  /** Does not simply suggest a rebuild: an indexer of the same name may own the mirror. */
  private static final String OTHERS =
      "give each indexer a database of its own, or, if nobody else writes there, `millrace rebuild"
          + " --any-mirror` makes it anew from PostgreSQL";

  private final ClickHouseDatabase server;
  private final LaneId lane;
  private final EpochHistory epochHistory;
  private final String chain;

  /**
   * The position of a lane when its mirror began.
   *
   * @param base the first checkpoint with a known state
   */
  record MirrorOrigin(long commit, long checkpoint, long base) {
    String text() {
      return commit + " " + checkpoint + " " + base;
    }

    static MirrorOrigin of(String text) {
      String[] parts = text.split(" ", 3);
      return new MirrorOrigin(
          Long.parseLong(parts[0]), Long.parseLong(parts[1]), Long.parseLong(parts[2]));
    }
  }

  MirrorConsistencyCheck(ClickHouseDatabase server, LaneId lane, EpochHistory epochHistory) {
    this.server = server;
    this.lane = lane;
    this.epochHistory = epochHistory;
    this.chain = Long.toUnsignedString(lane.chain());
  }

  /** Begins the mirror of a new lane, and refuses a mirror that is not a copy of its lane. */
  void run() {
    SortedMap<String, String> known = known(server);
    String identity = known.get(IDENTITY);
    if (identity != null && !identity.equals(epochHistory.identity())) {
      throw refused("it follows another schema, or this one before it was reset", OTHERS);
    }
    checkEpochs();
    long published = lastPublishedCommit();
    if (published > epochHistory.commit()) {
      throw refused("it knows commits that PostgreSQL has lost: commit=" + published);
    }
    String born = known.get(born());
    if (born == null) {
      if (epochHistory.commit() > 0) {
        throw refused("it is empty, and PostgreSQL has commits already");
      }
      record(identity == null, new MirrorOrigin(0, 0, 0));
    } else {
      checkWhole(MirrorOrigin.of(born), published);
    }
  }

  /** Returns the schema that a mirror follows; empty if no lane has begun. */
  static Optional<String> identity(ClickHouseDatabase server) {
    return Optional.ofNullable(known(server).get(IDENTITY));
  }

  private static SortedMap<String, String> known(ClickHouseDatabase server) {
    return server.query(
        "follow",
        "SELECT key, argMax(value, written) FROM %s GROUP BY key"
            .formatted(MirrorBookkeeping.MIRROR),
        rows -> {
          SortedMap<String, String> found = new TreeMap<>();
          while (rows.hasNext()) {
            found.put(rows.readText(), rows.readText());
          }
          return found;
        });
  }

  private String born() {
    return "born " + chain;
  }

  void record(boolean first, MirrorOrigin origin) {
    List<String> rows = new ArrayList<>();
    if (first) {
      rows.add(
          "(%s, %s)"
              .formatted(
                  ClickHouseSql.text(IDENTITY), ClickHouseSql.text(epochHistory.identity())));
    }
    rows.add("(%s, %s)".formatted(ClickHouseSql.text(born()), ClickHouseSql.text(origin.text())));
    server.execute(
        "follow",
        "INSERT INTO %s (key, value) SETTINGS async_insert = 0 VALUES %s"
            .formatted(MirrorBookkeeping.MIRROR, String.join(", ", rows)));
  }

  /** Checks that every epoch that was announced, or has written, is in the epoch history. */
  private void checkEpochs() {
    SortedMap<Long, Instant> opened = new TreeMap<>();
    epochHistory.epochs().forEach(epoch -> opened.put(epoch.number(), epoch.opened()));
    server.query(
        "follow",
        "SELECT epoch, argMax(opened, (`by`, commit)) FROM %s WHERE chain = %s GROUP BY epoch"
            .formatted(MirrorBookkeeping.ENDS, chain),
        rows -> {
          while (rows.hasNext()) {
            checkEpoch(opened, rows.readLong(), ClickHouseTypes.instant(rows.readLong()));
          }
          return true;
        });
    server.query(
        "follow",
        "SELECT DISTINCT _epoch FROM %s WHERE chain = %s"
            .formatted(MirrorBookkeeping.REACHED, chain),
        rows -> {
          while (rows.hasNext()) {
            checkEpoch(opened, rows.readLong(), null);
          }
          return true;
        });
  }

  private void checkEpoch(Map<Long, Instant> opened, long epoch, @Nullable Instant found) {
    Instant expected = opened.get(epoch);
    if (expected == null) {
      throw refused("it knows an epoch that PostgreSQL does not: epoch=" + epoch);
    }
    if (found != null && ClickHouseTypes.micros(found) != ClickHouseTypes.micros(expected)) {
      throw refused(
          "it knows another epoch of this number: epoch=%d opened=%s expected=%s"
              .formatted(epoch, found, expected));
    }
  }

  /** Returns the last published commit of this lane; -1 for none. */
  private long lastPublishedCommit() {
    return server.query(
        "follow",
        "SELECT if(count() = 0, -1, toInt64(argMax(commit, (`by`, commit)))) FROM %s WHERE chain = %s"
            .formatted(MirrorBookkeeping.ENDS, chain),
        RowBinaryInput::readLong);
  }

  /** Each commit is published before the next one is made, so only the last may be missing. */
  private void checkWhole(MirrorOrigin origin, long published) {
    if (epochHistory.commit() > origin.commit() && published < epochHistory.commit() - 1) {
      throw refused("it lacks commits: last=" + published);
    }
    List<EpochHistory.Epoch> epochs = epochHistory.epochs();
    for (int i = 0; i + 1 < epochs.size(); i++) {
      EpochHistory.Epoch epoch = epochs.get(i);
      long last = epochs.get(i + 1).afterCommit();
      if (!epoch.mirrored() && last > Math.max(epoch.afterCommit(), origin.commit())) {
        throw refused(
            "a run without it has made commits: epoch=%d last=%d".formatted(epoch.number(), last));
      }
    }
    long reached = reached();
    if (epochHistory.checkpoint() > origin.checkpoint() && reached != epochHistory.checkpoint()) {
      throw refused("it lacks rows that PostgreSQL counts on: reached=" + reached);
    }
  }

  /** Returns the last checkpoint in the mirror, by the epoch history's ends. */
  private long reached() {
    SortedMap<Long, Long> ends = new TreeMap<>();
    epochHistory.epochs().forEach(epoch -> ends.put(epoch.number(), epoch.end()));
    return server.query(
        "follow",
        "WITH %s AS _ends SELECT max(_checkpoint) FROM %s WHERE chain = %s AND %s"
            .formatted(
                MirrorViews.ends(ends), MirrorBookkeeping.REACHED, chain, MirrorViews.IS_VISIBLE),
        MirrorViews.LONG_QUERY,
        RowBinaryInput::readLong);
  }

  private MillraceException refused(String why) {
    return refused(why, MirrorSchema.REBUILD);
  }

  private MillraceException refused(String why, String advice) {
    return new MillraceException(
        Remedy.FIX_SETUP,
        ("mirror is not a copy of this lane: %s: indexer=%s chain=%s"
                + " epoch=%d commit=%d checkpoint=%d; %s")
            .formatted(
                why,
                lane.indexer(),
                chain,
                epochHistory.epoch(),
                epochHistory.commit(),
                epochHistory.checkpoint(),
                advice));
  }
}
