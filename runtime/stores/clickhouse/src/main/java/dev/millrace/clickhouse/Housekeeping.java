package dev.millrace.clickhouse;

import dev.millrace.clickhouse.client.ClickHouseDatabase;
import dev.millrace.clickhouse.client.ClickHouseErrors;
import dev.millrace.clickhouse.client.ClickHouseSql;
import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.clickhouse.client.RowBinaryInput;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.Versions;
import dev.millrace.pipeline.EpochEnds;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes rows that no reader can see any more. It may fail, or never run: then there are more
 * rows, and every result is the same.
 *
 * <p>It is harmless for three reasons. It touches only epochs that were closed when it learned
 * their ends, and a closed end can only fall, so it deletes too little at worst. It never touches
 * the epoch being written: a row there may belong to an insert whose answer was lost, and
 * ClickHouse, which remembers that insert, would swallow its retry. And it uses only ends older
 * than the longest query, so that no query still reads by earlier ends.
 */
final class Housekeeping implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Housekeeping.class);

  /** Conditions on epochs in one statement. */
  private static final int MAX_EPOCHS = 200;

  /** Rewriting a table pays if more than one in this many rows goes. */
  private static final int MIN_DELETED_SHARE = 10;

  /** Ids in one statement: some hundred megabytes of the server's memory. */
  private static final long MAX_IDS = 2_000_000;

  private final MirrorSettings settings;
  private final List<MirrorTable<?>> tables;
  private final LongSupplier nanos;
  private final CountDownLatch closed = new CountDownLatch(1);

  /** Published ends, by chain; guarded by itself. */
  private final Map<Long, Deque<PublishedEnds>> published = new HashMap<>();

  private final long mostIds;

  /** The last remedy warned of: an unavailable server must not hide a missing right. */
  private volatile @Nullable Remedy warned;

  /**
   * The published state at a moment.
   *
   * @param closed the ends of the epochs before the current one
   */
  private record PublishedEnds(
      long nanos, long current, long end, SortedMap<Long, Long> closed, long finalizedCheckpoint) {
    PublishedEnds and(long now, EpochEnds more) {
      boolean isOfCurrent =
          more.publisherEpoch() == current
              && more.ends().stream().allMatch(said -> said.epoch() == current);
      SortedMap<Long, Long> others = isOfCurrent ? closed : new TreeMap<>(closed);
      long ownEnd = more.publisherEpoch() == current ? end : 0;
      if (more.publisherEpoch() != current) {
        others.put(current, end);
      }
      for (EpochEnds.End said : more.ends()) {
        if (said.epoch() == more.publisherEpoch()) {
          ownEnd = said.checkpoint();
        } else {
          others.put(said.epoch(), said.checkpoint());
        }
      }
      return new PublishedEnds(
          now,
          more.publisherEpoch(),
          ownEnd,
          others,
          Math.max(finalizedCheckpoint, more.finalizedCheckpoint()));
    }

    SortedMap<Long, Long> ends() {
      SortedMap<Long, Long> all = new TreeMap<>(closed);
      all.put(current, end);
      return all;
    }
  }

  Housekeeping(MirrorSettings settings, List<MirrorTable<?>> tables, LongSupplier nanos) {
    this(settings, tables, nanos, MAX_IDS);
  }

  Housekeeping(
      MirrorSettings settings, List<MirrorTable<?>> tables, LongSupplier nanos, long mostIds) {
    this.settings = settings;
    this.tables = tables;
    this.nanos = nanos;
    this.mostIds = mostIds;
  }

  /** Starts the periodic run. The pause is the time after which a run could find anything. */
  void start() {
    Duration pause = settings.longestQuery().plusMinutes(1);
    Thread.ofPlatform()
        .daemon()
        .name("mirror-housekeeping")
        .start(() -> {
          try {
            while (!closed.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
              run();
            }
          } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
          }
        });
  }

  /** Records a publication. Any thread. */
  void published(long chain, EpochEnds ends) {
    long now = nanos.getAsLong();
    synchronized (published) {
      Deque<PublishedEnds> known = published.computeIfAbsent(chain, _ -> new ArrayDeque<>());
      PublishedEnds last = known.peekLast();
      PublishedEnds next =
          (last == null
                  ? new PublishedEnds(now, ends.publisherEpoch(), 0, new TreeMap<>(), 0)
                  : last)
              .and(now, ends);
      // Keeps few: the last one stands for all since the one before it, as if all were as young.
      PublishedEnds before =
          known.size() < 2 ? null : known.stream().skip(known.size() - 2).findFirst().orElse(null);
      if (before != null
          && last != null
          && last.nanos - before.nanos < settings.longestQuery().toNanos() / 8) {
        known.removeLast();
      }
      known.addLast(next);
    }
  }

  /** Returns the latest publication older than the longest query, by chain. */
  private Map<Long, PublishedEnds> oldEnough() {
    long horizon = nanos.getAsLong() - settings.longestQuery().toNanos();
    Map<Long, PublishedEnds> found = new TreeMap<>();
    synchronized (published) {
      published.forEach((chain, known) -> {
        PublishedEnds best = null;
        while (!known.isEmpty() && known.getFirst().nanos - horizon <= 0) {
          best = known.removeFirst();
        }
        if (best != null) {
          known.addFirst(best);
          found.put(chain, best);
        }
      });
    }
    return found;
  }

  /** Makes one pass over all tables; returns the reason if it did not finish. */
  Optional<String> run() {
    try (ClickHouseDatabase server = new ClickHouseDatabase(settings.ofLongQueries())) {
      oldEnough()
          .forEach((chain, known) -> {
            deleteDead(server, chain, known, MirrorBookkeeping.REACHED);
            for (MirrorTable<?> table : tables) {
              deleteDead(server, chain, known, table.name());
              if (!table.type().isImmutable()
                  && table.type().layout().versions() == Versions.LATEST) {
                deleteSuperseded(server, chain, known, table);
              }
            }
          });
      warned = null;
      return Optional.empty();
    } catch (MillraceException failed) {
      String why =
          "housekeeping of the mirror cannot run and rows that nobody sees stay%s: %s"
              .formatted(
                  ClickHouseErrors.code(failed) == ClickHouseErrors.ACCESS_DENIED
                      ? "; it needs ALTER DELETE ON %s.* and SELECT ON system.mutations"
                          .formatted(settings.database())
                      : "",
                  failed.getMessage());
      if (warned != failed.remedy()) {
        warned = failed.remedy();
        LOG.warn("{}", why);
      }
      return Optional.of(why);
    }
  }

  private void deleteDead(
      ClickHouseDatabase server, long chain, PublishedEnds known, String table) {
    SortedMap<Long, Long> ends = known.closed;
    if (ends.isEmpty()) {
      return;
    }
    List<Long> dead =
        server.query(
            "housekeeping",
            ("WITH %s AS _ends SELECT DISTINCT _epoch FROM %s"
                    + " WHERE chain = %s AND _epoch IN (%s) AND NOT (%s)")
                .formatted(
                    MirrorViews.ends(ends),
                    ClickHouseSql.name(table),
                    Long.toUnsignedString(chain),
                    epochs(ends),
                    MirrorViews.IS_VISIBLE),
            MirrorViews.LONG_QUERY,
            rows -> {
              List<Long> found = new ArrayList<>();
              while (rows.hasNext()) {
                found.add(rows.readLong());
              }
              return found;
            });
    for (int from = 0; from < dead.size(); from += MAX_EPOCHS) {
      String which =
          dead.subList(from, Math.min(dead.size(), from + MAX_EPOCHS)).stream()
              .map(epoch -> "(_epoch = %d AND _checkpoint > %d)".formatted(epoch, ends.get(epoch)))
              .collect(Collectors.joining(" OR ", "(", ")"));
      delete(server, table, "chain = %s AND %s".formatted(Long.toUnsignedString(chain), which));
    }
  }

  private static String epochs(SortedMap<Long, Long> ends) {
    return ends.keySet().stream().map(String::valueOf).collect(Collectors.joining(","));
  }

  /** Deletes versions that a later final version has superseded; the latest final version stays. */
  private void deleteSuperseded(
      ClickHouseDatabase server, long chain, PublishedEnds known, MirrorTable<?> table) {
    SortedMap<Long, Long> closed = known.closed;
    if (closed.isEmpty()) {
      return;
    }
    String ends = MirrorViews.ends(known.ends());
    String finalRows =
        "chain = %s AND _checkpoint <= %d AND _checkpoint <= (%s)[_epoch]"
            .formatted(Long.toUnsignedString(chain), known.finalizedCheckpoint, ends);
    String ids = ClickHouseSql.names(table.ids());
    String old = "%s AND _epoch IN (%s)".formatted(finalRows, epochs(closed));
    List<Long> parts = // as many as hold few enough ids each; none if it is not worth it
        server.query(
            "housekeeping",
            ("SELECT if((count() - uniq(%s)) * %d > count(), intDiv(uniq(%s), %d) + 1, 0)"
                    + " FROM %s WHERE %s")
                .formatted(
                    ids, MIN_DELETED_SHARE, ids, mostIds, ClickHouseSql.name(table.name()), old),
            MirrorViews.LONG_QUERY,
            rows -> LongStream.range(0, rows.readLong()).boxed().toList());
    for (long part : parts) {
      String share = "cityHash64(%s) %% %d = %d".formatted(ids, parts.size(), part);
      delete(
          server,
          table.name(),
          ("%s AND %s AND (%s, _checkpoint) NOT IN"
                  + " (SELECT %s, max(_checkpoint) FROM %s WHERE %s AND %s GROUP BY %s)")
              .formatted(
                  old, share, ids, ids, ClickHouseSql.name(table.name()), finalRows, share, ids));
    }
  }

  /** Deletes rows, unless the server is still busy with an earlier deletion. */
  static void delete(ClickHouseDatabase server, String table, String which) {
    String unfinished =
        "database = currentDatabase() AND table = %s AND NOT is_done"
            .formatted(ClickHouseSql.text(table));
    boolean busy =
        server.query(
            "housekeeping",
            "SELECT count() > 0 FROM system.mutations WHERE " + unfinished,
            RowBinaryInput::readFlag);
    if (busy) {
      withdrawFailed(server, unfinished);
      return;
    }
    try {
      server.execute(
          "housekeeping",
          "ALTER TABLE %s DELETE WHERE %s SETTINGS mutations_sync = 1"
              .formatted(ClickHouseSql.name(table), which),
          MirrorViews.LONG_QUERY);
    } catch (MillraceException failed) {
      try {
        withdrawFailed(server, unfinished);
      } catch (MillraceException later) {
        failed.addSuppressed(later);
      }
      throw failed;
    }
    LOG.info("deleted rows that nobody sees: table={}", table);
  }

  /**
   * Kills failed mutations: the server would retry them for ever and block every other deletion.
   */
  private static void withdrawFailed(ClickHouseDatabase server, String unfinished) {
    server.execute(
        "housekeeping",
        "KILL MUTATION WHERE %s AND latest_fail_reason != ''".formatted(unfinished));
  }

  @Override
  public void close() {
    closed.countDown();
  }
}
