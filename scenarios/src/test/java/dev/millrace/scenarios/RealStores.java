package dev.millrace.scenarios;

import dev.millrace.clickhouse.ClickHouseMirror;
import dev.millrace.clickhouse.MirrorReader;
import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Storage;
import dev.millrace.loaders.Versions;
import dev.millrace.pipeline.EpochEnds;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.LaneMirror;
import dev.millrace.pipeline.LaneStores;
import dev.millrace.pipeline.MirrorGroup;
import dev.millrace.pipeline.Source;
import dev.millrace.postgres.PostgresSnapshot;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.simulation.SimulatedStores;
import dev.millrace.testkit.SerialOracle;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/** PostgreSQL and ClickHouse as the stores of a simulation. */
final class RealStores implements SimulatedStores {
  private static final int LOOKS_BACK = 8;
  private static final int CALLS_PER_LOOK = 25;
  private static final long MAX_TRANSACTION_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** Counts sessions that write and read for the lanes, not those that compare both stores. */
  private static final String IN_TRANSACTION =
      """
      SELECT count(*) FROM pg_stat_activity
       WHERE application_name LIKE ? AND application_name NOT LIKE '% snapshot'
         AND xact_start IS NOT NULL
      """;

  private final Indexer indexer;
  private final DatabaseSettings postgres;
  private final MirrorSettings clickhouse;
  private final HttpClient http = HttpClient.newHttpClient();
  private final Queue<ClickHouseMirror> opened = new ConcurrentLinkedQueue<>();

  /** Excludes housekeeping during a comparison: here queries are given no time to end. */
  private final Lock tidying = new ReentrantLock();

  private final AtomicInteger looks = new AtomicInteger();
  private final AtomicInteger cleanings = new AtomicInteger();
  private final Queue<String> seen = new ConcurrentLinkedQueue<>();

  RealStores(Indexer indexer, DatabaseSettings postgres, MirrorSettings clickhouse) {
    this.indexer = indexer;
    this.postgres = postgres;
    this.clickhouse = clickhouse;
  }

  @Override
  public Opened open(Failpoint failpoint) {
    PostgresStore store = PostgresStore.open(postgres, indexer, failpoint);
    ClickHouseMirror mirror = ClickHouseMirror.open(clickhouse, indexer, failpoint);
    opened.add(mirror);
    return new Opened() {
      @Override
      public LaneStores takeOver(String lane) {
        return new LaneStores(store.takeOver(lane), Optional.of(watched(mirror.lane(lane))));
      }

      @Override
      public void close() {
        opened.remove(mirror);
        try (store) {
          mirror.close();
        }
      }
    };
  }

  /**
   * Delays the first group until no transaction is open, as if ClickHouse did not answer for a
   * while.
   */
  private LaneMirror watched(LaneMirror mirror) {
    AtomicBoolean first = new AtomicBoolean(true);
    return new LaneMirror() {
      @Override
      public void follow(EpochHistory epochHistory) {
        mirror.follow(epochHistory);
      }

      @Override
      public void insert(MirrorGroup group) {
        if (first.getAndSet(false)) {
          awaitNoTransaction();
        }
        mirror.insert(group);
      }

      @Override
      public void publish(EpochEnds ends) {
        mirror.publish(ends);
      }

      @Override
      public void close() {
        mirror.close();
      }
    };
  }

  /**
   * Waits for the end of all transactions: those of other groups end, one that waits for the mirror
   * would not.
   */
  private void awaitNoTransaction() {
    long until = System.nanoTime() + MAX_TRANSACTION_NANOS;
    try (Connection connection = connect();
        PreparedStatement statement = connection.prepareStatement(IN_TRANSACTION)) {
      statement.setString(1, "millrace " + indexer.name() + " %");
      while (true) {
        try (ResultSet row = statement.executeQuery()) {
          row.next();
          if (row.getLong(1) == 0) {
            return;
          }
        }
        if (System.nanoTime() - until > 0) {
          seen.add("a transaction is open as long as the mirror is waited for");
          return;
        }
      }
    } catch (SQLException failed) {
      throw new AssertionError("activity cannot be read", failed);
    }
  }

  private Connection connect() throws SQLException {
    return DriverManager.getConnection(postgres.url(), postgres.user(), postgres.password());
  }

  /** Runs housekeeping, then compares both stores. */
  @Override
  public void disturb(String lane, Random dice) {
    if (dice.nextInt(CALLS_PER_LOOK) > 0) {
      return;
    }
    tidying.lock();
    try {
      for (ClickHouseMirror mirror : opened) {
        if (mirror.clean().isEmpty()) {
          cleanings.incrementAndGet();
        }
      }
      look(lane);
    } catch (MillraceException _) {
      // the thread was interrupted to end
    } finally {
      tidying.unlock();
    }
  }

  private void look(String lane) {
    try (PostgresSnapshot snapshot = PostgresSnapshot.open(postgres, indexer).orElseThrow();
        MirrorReader reader = ClickHouseMirror.reader(clickhouse, indexer)) {
      EpochHistory epochHistory = snapshot.epochHistories().get(lane);
      if (epochHistory == null) {
        return;
      }
      for (EntityType<?> type : indexer.entities()) {
        Storage storage = indexer.storage(type);
        if (storage.isMirrored() && storage.isInPostgres()) {
          look(
              type,
              snapshot,
              reader,
              new Look(lane, epochHistory.checkpoint(), ends(epochHistory)));
        }
      }
      looks.incrementAndGet();
    }
  }

  private <E> void look(
      EntityType<E> type, PostgresSnapshot snapshot, MirrorReader reader, Look look) {
    Map<Object, List<?>> durable = new HashMap<>();
    snapshot.rows(type, look.lane(), row -> durable.put(type.id(row), values(type, row)));
    Map<Object, List<?>> found = new HashMap<>();
    List<E> doubled = new ArrayList<>();
    reader.rows(
        type,
        look.lane(),
        look.checkpoint(),
        look.ends(),
        row -> {
          if (found.put(type.id(row), values(type, row)) != null) {
            doubled.add(row);
          }
        });
    if (!doubled.isEmpty() || !found.equals(durable)) {
      seen.add(
          "mirror differed: table=%s checkpoint=%d doubled=%s durable=%s found=%s"
              .formatted(type.table(), look.checkpoint(), doubled, durable, found));
    }
  }

  /** Returns the values of a row: records of users may define any equals. */
  private static <E> List<?> values(EntityType<E> type, E row) {
    return Arrays.asList(type.values(row));
  }

  /** Returns the number of comparisons of both stores while the lanes went on. */
  int looks() {
    return looks.get();
  }

  /** Returns the number of housekeeping runs meanwhile. */
  int cleanings() {
    return cleanings.get();
  }

  private static SortedMap<Long, Long> ends(EpochHistory epochHistory) {
    SortedMap<Long, Long> ends = new TreeMap<>();
    epochHistory.epochs().forEach(epoch -> ends.put(epoch.number(), epoch.end()));
    return ends;
  }

  @Override
  public Optional<Source.BlockRef> reached(String lane) {
    try (Connection connection = connect();
        PreparedStatement statement =
            connection.prepareStatement(
                "SELECT block, block_hash FROM %s.millrace_lane WHERE lane = ?"
                    .formatted(indexer.name()))) {
      statement.setString(1, lane);
      try (ResultSet row = statement.executeQuery()) {
        if (!row.next() || row.getBytes(2) == null) {
          return Optional.empty();
        }
        return Optional.of(new Source.BlockRef(row.getLong(1), Bytes32.of(row.getBytes(2))));
      }
    } catch (SQLException failed) {
      throw new AssertionError("lane cannot be read: lane=" + lane, failed);
    }
  }

  /**
   * Compares at a few checkpoints, by PostgreSQL's ends; at the end version by version as
   * published.
   */
  @Override
  public List<String> differences(String lane, SerialOracle oracle, boolean over) {
    List<String> wrong = new ArrayList<>(seen);
    EpochHistory epochHistory = epochHistory(lane);
    SortedMap<Long, Long> ends = ends(epochHistory);
    try (MirrorReader reader = ClickHouseMirror.reader(clickhouse, indexer)) {
      for (EntityType<?> type : indexer.entities()) {
        if (indexer.storage(type).isMirrored()) {
          for (long at : checkpoints(type, epochHistory, over)) {
            compare(type, reader, new Look(lane, at, ends), oracle, wrong);
          }
          if (over) {
            countVersions(lane, type, oracle, wrong);
          }
        }
      }
    }
    return wrong;
  }

  private EpochHistory epochHistory(String lane) {
    try (PostgresSnapshot snapshot = PostgresSnapshot.open(postgres, indexer).orElseThrow()) {
      return Optional.ofNullable(snapshot.epochHistories().get(lane)).orElseThrow();
    }
  }

  private static Set<Long> checkpoints(
      EntityType<?> type, EpochHistory epochHistory, boolean over) {
    boolean latest = isLatest(type);
    Set<Long> looks = new TreeSet<>();
    looks.add(epochHistory.checkpoint());
    long first = latest ? epochHistory.finalizedCheckpoint() : 0;
    for (int i = 0; over && i < LOOKS_BACK; i++) {
      looks.add(first + (epochHistory.checkpoint() - first) * i / LOOKS_BACK);
    }
    return looks;
  }

  private static boolean isLatest(EntityType<?> type) {
    return type.layout().versions() == Versions.LATEST && !type.isImmutable();
  }

  /** The lane and checkpoint of a comparison. */
  private record Look(String lane, long checkpoint, SortedMap<Long, Long> ends) {}

  private static <E> void compare(
      EntityType<E> type, MirrorReader reader, Look look, SerialOracle oracle, List<String> wrong) {
    Map<Object, List<?>> expected = new HashMap<>();
    oracle.rows(type, look.checkpoint()).forEach((id, row) -> expected.put(id, values(type, row)));
    Map<Object, List<?>> found = new HashMap<>();
    List<E> doubled = new ArrayList<>();
    reader.rows(
        type,
        look.lane(),
        look.checkpoint(),
        look.ends(),
        row -> {
          if (found.put(type.id(row), values(type, row)) != null) {
            doubled.add(row);
          }
        });
    if (!doubled.isEmpty() || !found.equals(expected)) {
      wrong.add(
          "mirror differs: table=%s checkpoint=%d doubled=%s expected=%s found=%s"
              .formatted(type.table(), look.checkpoint(), doubled, expected, found));
    }
  }

  /**
   * Checks that every version is there once, and one for every block that saved or deleted the row.
   */
  private void countVersions(
      String lane, EntityType<?> type, SerialOracle oracle, List<String> wrong) {
    String id =
        String.join(", ", type.ids().stream().map(column -> "`" + column.sql() + "`").toList());
    String counts =
        query(
            "SELECT count(), uniqExact(%s, _checkpoint) FROM %s_history WHERE chain = %s"
                .formatted(id, type.table(), lane));
    long versions = oracle.versions(type).size();
    String[] found = counts.split("\t", -1);
    boolean once = found[0].equals(found[1]);
    boolean all = isLatest(type) || Long.parseLong(found[0]) == versions;
    if (!once || !all) {
      wrong.add(
          "history differs: table=%s expected=%d found=%s different=%s"
              .formatted(type.table(), versions, found[0], found[1]));
    }
  }

  /** Returns the response of ClickHouse as text, columns separated by tabs. */
  String query(String sql) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(clickhouse.url() + "/?database=" + clickhouse.database()))
            .header("X-ClickHouse-User", clickhouse.user())
            .header("X-ClickHouse-Key", clickhouse.password())
            .POST(HttpRequest.BodyPublishers.ofString(sql))
            .build();
    try {
      HttpResponse<String> reply = http.send(request, HttpResponse.BodyHandlers.ofString());
      if (reply.statusCode() != 200) {
        throw new AssertionError("query failed: sql=%s reply=%s".formatted(sql, reply.body()));
      }
      return reply.body().strip();
    } catch (IOException failed) {
      throw new AssertionError("query failed: sql=" + sql, failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", interrupted);
    }
  }
}
