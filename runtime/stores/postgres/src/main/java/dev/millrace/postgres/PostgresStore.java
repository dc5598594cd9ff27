package dev.millrace.postgres;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.CommitStore;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.postgres.client.Lease;
import dev.millrace.postgres.client.PostgresConnections;
import dev.millrace.postgres.client.PostgresErrors;
import dev.millrace.postgres.client.PostgresVersion;
import dev.millrace.postgres.client.RequestWatchdog;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The schema of one indexer in PostgreSQL, and its lanes. Thread-safe. */
public final class PostgresStore implements CommitStore {
  private static final Logger LOG = LoggerFactory.getLogger(PostgresStore.class);

  /** Interval between tries to take a lane that another process holds. */
  private static final Duration POLL = Duration.ofMillis(100);

  private final DatabaseSettings settings;
  private final IndexerDatabase database;
  private final Takeover.ProcessIdentity self;
  private final Queue<PostgresLane> lanes = new ConcurrentLinkedQueue<>();
  private volatile boolean closed;

  private PostgresStore(DatabaseSettings settings, IndexerDatabase database) {
    this.settings = settings;
    this.database = database;
    this.self =
        new Takeover.ProcessIdentity(host(), ProcessHandle.current().pid(), database.isMirrored());
  }

  /**
   * Opens the indexer's schema, and creates it at the first start.
   *
   * @throws MillraceException with remedy {@code FIX_SETUP} if the schema is not ours, or was made
   *     for another definition
   */
  public static PostgresStore open(
      DatabaseSettings settings, Indexer indexer, Failpoint failpoint) {
    PostgresConnections connections = new PostgresConnections(settings, indexer.name());
    try {
      openSchema(connections, indexer);
    } catch (MillraceException lost) {
      if (lost.remedy() != Remedy.RETRY) {
        throw lost;
      }
      openSchema(connections, indexer); // after a long stop of this process the server has ended us
    }
    return new PostgresStore(settings, new IndexerDatabase(connections, indexer, failpoint));
  }

  private static void openSchema(PostgresConnections connections, Indexer indexer) {
    once(
        connections,
        "opening the schema",
        handle -> {
          PostgresVersion.check(handle);
          new PostgresSchema(handle, indexer.name()).open(indexer);
          return true;
        });
  }

  /** Reads the status of an indexer's schema; empty if there is none. */
  public static Optional<StoreStatus> status(DatabaseSettings settings, String indexer) {
    return once(
        new PostgresConnections(settings, indexer),
        "reading the status",
        handle -> new StoreStatusQuery(handle, indexer).find());
  }

  /**
   * Deletes the schema of an indexer with everything in it; false if there was none.
   *
   * @throws MillraceException with remedy {@code YIELD} while a process holds one of its lanes
   */
  public static boolean reset(DatabaseSettings settings, String indexer) {
    return once(
        new PostgresConnections(settings, indexer),
        "resetting the schema",
        handle -> new PostgresSchema(handle, indexer).reset());
  }

  /**
   * Accepts a changed definition for the schema from now on, and records it. Returns the changes;
   * none if there is nothing to accept.
   */
  public static List<String> accept(DatabaseSettings settings, Indexer indexer) {
    return once(
        new PostgresConnections(settings, indexer.name()),
        "accepting a change",
        handle -> new PostgresSchema(handle, indexer.name()).accept(indexer));
  }

  /**
   * Takes all earlier epochs of a lane out of the count: the mirror is filled anew under the epoch
   * that holds the lane, and rows of an earlier one may still arrive from a process that was
   * stopped. Changes nothing if the lane is in another epoch than the caller's.
   */
  public static void disownEarlierEpochs(
      DatabaseSettings settings, String indexer, String lane, long epoch) {
    int _ =
        once(
            new PostgresConnections(settings, indexer),
            "disowning earlier epochs",
            handle ->
                // Locks the lane's row: a takeover comes before this, or reads what it has changed.
                handle
                    .createUpdate(
                        """
                        WITH held AS (
                          SELECT lane, epoch FROM millrace_lane
                           WHERE lane = :lane AND epoch = :epoch
                             FOR SHARE
                        )
                        UPDATE millrace_epoch e
                           SET last_checkpoint = 0
                          FROM held
                         WHERE e.lane = held.lane
                           AND e.epoch < held.epoch
                        """)
                    .bind("lane", lane)
                    .bind("epoch", epoch)
                    .execute());
  }

  private static <T> T once(
      PostgresConnections connections, String doing, Function<Handle, T> work) {
    try (Handle handle = connections.open("setup");
        RequestWatchdog watch = new RequestWatchdog(connections);
        RequestWatchdog.Request _ = watch.begin("all", doing, handle.getConnection())) {
      return work.apply(handle);
    } catch (SQLException | JdbiException failed) {
      throw PostgresErrors.translate(doing, failed);
    }
  }

  @Override
  public LaneStore takeOver(String lane) {
    long deadline = System.nanoTime() + settings.patience().toNanos();
    boolean logged = false;
    while (true) {
      requireOpen(lane);
      MillraceException refused;
      try {
        return tryToTake(lane);
      } catch (MillraceException failed) {
        if (failed.remedy() != Remedy.RETRY && failed.remedy() != Remedy.YIELD) {
          throw failed;
        }
        refused = failed;
      }
      if (System.nanoTime() - deadline >= 0 || Thread.currentThread().isInterrupted()) {
        throw refused;
      }
      if (!logged) {
        LOG.info("waiting for the lane: {}", refused.getMessage());
        logged = true;
      }
      LockSupport.parkNanos(POLL.toNanos());
    }
  }

  private LaneStore tryToTake(String lane) {
    boolean taken = false;
    Handle handle = null;
    try {
      handle = database.openForCommits(lane);
      Takeover takeover = new Takeover(handle, self, lane, settings.lease());
      takeover.begin();
      LaneStore store = keep(lane, handle, takeover.attempt());
      taken = true;
      return store;
    } catch (SQLException | JdbiException failed) {
      throw PostgresErrors.translate("taking over lane " + lane, failed);
    } finally {
      if (!taken && handle != null) {
        PostgresConnections.close(handle);
      }
    }
  }

  private LaneStore keep(String lane, Handle handle, Takeover.Outcome outcome) {
    return switch (outcome) {
      case Takeover.Outcome.HeldByAnother(LeaseHolder holder) ->
          throw new MillraceException(
              Remedy.YIELD, "lane is held by another process: lane=%s %s".formatted(lane, holder));
      case Takeover.Outcome.Taken(var frontier, var backend) -> {
        CommitSession session = CommitSession.of(handle, backend);
        Lease lease = database.lease(lane, frontier.epoch(), settings.lease());
        PostgresLane store = new PostgresLane(database, lane, session, frontier, lease);
        lanes.add(store);
        if (closed) {
          store.close(); // close() may not have seen it
          requireOpen(lane);
        }
        yield store;
      }
    };
  }

  private void requireOpen(String lane) {
    if (closed) {
      throw new MillraceException(
          Remedy.RESTART, "store is closed and takes no lane: lane=" + lane);
    }
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException _) {
      return "unknown";
    }
  }

  @Override
  public void close() {
    closed = true;
    lanes.forEach(PostgresLane::close);
    database.close();
  }
}
