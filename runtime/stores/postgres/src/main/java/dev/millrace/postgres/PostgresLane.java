package dev.millrace.postgres;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Frontier;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.pipeline.Source;
import dev.millrace.postgres.client.Backend;
import dev.millrace.postgres.client.Lease;
import dev.millrace.postgres.client.PostgresConnections;
import dev.millrace.postgres.client.PostgresErrors;
import dev.millrace.postgres.client.RequestWatchdog;
import dev.millrace.postgres.client.WatchedReadPool;
import dev.millrace.staging.CommittedReads;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;

/**
 * A lane that this process has taken over.
 *
 * <p>A broken commit connection is replaced; the new connection must pass the fence of the epoch
 * before it may do anything.
 */
final class PostgresLane implements LaneStore {
  private final IndexerDatabase database;
  private final WatchedReadPool pool;
  private final RequestWatchdog watch;
  private final String lane;
  private final Frontier opened;
  private final Lease lease;
  private final Failpoint failpoint;
  private final CommittedReads reads;
  private final LaneTables tables;
  private final DeferredIndexBuilder indexes;

  private final LaneEpoch epochs;

  private final AtomicBoolean closed = new AtomicBoolean();

  /** Written by the commit thread; read by the thread that closes the lane. */
  private volatile @Nullable CommitSession session;

  /** The last session that was registered. Confined to the commit thread. */
  private Backend registered;

  PostgresLane(
      IndexerDatabase database, String lane, CommitSession first, Frontier opened, Lease lease) {
    this.database = database;
    this.watch = database.watch();
    this.pool = database.readPool(lane);
    this.failpoint = database.failpoint();
    this.lane = lane;
    this.session = first;
    this.registered = first.backend();
    this.opened = opened;
    this.lease = lease;
    String schema = database.schema();
    this.reads = new PostgresReads(pool, schema, Takeover.chain(lane));
    this.epochs = new LaneEpoch(opened.epoch());
    this.indexes =
        new DeferredIndexBuilder(schema, failpoint, (doing, on) -> watch.begin(lane, doing, on));
    this.tables = new LaneTables(schema, lane, database.entities(), failpoint);
  }

  @Override
  public Frontier opened() {
    return opened;
  }

  @Override
  public Source.ResumePoint resumePoint() {
    long chain = Takeover.chain(lane);
    return pool.reading(
        "reading where a lane stands", on -> new ResumePointQuery(on, chain).read());
  }

  @Override
  public void onLost(Consumer<MillraceException> lost) {
    lease.onLost(lost);
  }

  @Override
  public EpochHistory epochHistory() {
    long held = epochs.current(); // a rewind may open the next one meanwhile
    EpochHistory epochHistory =
        pool.reading(
            "reading the epoch history", on -> new EpochHistoryQuery(on).read(lane).orElseThrow());
    if (epochHistory.epoch() != held) {
      epochs.refuseIfTakenOver(lane, epochHistory.epoch());
    }
    return epochHistory;
  }

  @Override
  public Frontier rewind(Source.@Nullable BlockRef to) {
    CommitSession current = session();
    try (var _ = watch(current, "rewinding to " + describe(to))) {
      if (!epochs.isRewinding()) {
        Handle handle = current.handle();
        epochs.beginRewind(handle.createQuery(Takeover.NEXT_EPOCH).mapTo(Long.class).one());
      }
      Frontier rewound =
          new RewindTransaction(current, epochs, lane, failpoint).run(to, tables.entities());
      epochs.rewindCommitted();
      return rewound;
    } catch (SQLException | JdbiException | MillraceException failed) {
      MillraceException explained = explain(PostgresErrors.translate("rewind", failed));
      rollBack(current, epochs.next(), explained);
      throw explained;
    } catch (RuntimeException | Error broken) {
      drop(current);
      throw broken;
    }
  }

  @Override
  public CommittedReads reads() {
    return reads;
  }

  @Override
  public void commit(CommitGroup group) {
    CommitErrorContext blame = new CommitErrorContext(group);
    CommitSession current = session();
    try (var _ = watch(current, "commit " + group.number())) {
      new CommitTransaction(current, lane, epochs, failpoint).run(group, blame, tables);
    } catch (SQLException | JdbiException | MillraceException failed) {
      MillraceException explained = explain(blame.explain(failed));
      rollBack(current, group.number(), explained);
      throw explained;
    } catch (RuntimeException | Error broken) {
      drop(current);
      throw broken;
    }
  }

  private RequestWatchdog.Request watch(CommitSession current, String doing) throws SQLException {
    return watch.begin(lane, doing, current.connection());
  }

  private static String describe(Source.@Nullable BlockRef to) {
    return to == null ? "before the first block" : "block " + to.block();
  }

  @Override
  public List<String> doubts() {
    return indexes.doubts();
  }

  @Override
  public String waitingFor() {
    return watch.waitingFor(lane);
  }

  /** Reports an error caused by our own close as such, not as the exception of the driver. */
  private MillraceException explain(MillraceException failed) {
    return closed.get() ? closedError(failed) : failed;
  }

  private static boolean isWorthANewSession(MillraceException failed) {
    SQLException sql = PostgresErrors.sql(failed);
    return sql != null && PostgresErrors.isWorthANewSession(sql);
  }

  private void rollBack(CommitSession current, long number, MillraceException explained) {
    try {
      failpoint.reached(Failpoint.Point.ROLLING_BACK, number);
      current.handle().rollback();
      if (explained.remedy() == Remedy.RETRY && isWorthANewSession(explained)) {
        drop(current);
      }
    } catch (JdbiException gone) {
      drop(current);
    } catch (RuntimeException broken) {
      drop(current);
      throw broken;
    }
  }

  private void drop(CommitSession broken) {
    broken.abort();
    session = null;
  }

  /** Returns the current session, or opens a new one. */
  private CommitSession session() {
    requireOpen();
    CommitSession current = session;
    if (current != null) {
      return current;
    }
    try {
      Handle handle = database.openForCommits(lane);
      CommitSession fresh = register(handle);
      registered = fresh.backend();
      session = fresh;
      if (closed.get()) {
        fresh.abort(); // close() did not see it yet
      }
      return fresh;
    } catch (SQLException | JdbiException failed) {
      throw explain(PostgresErrors.translate("connecting", failed));
    }
  }

  private CommitSession register(Handle handle) throws SQLException {
    boolean passed = false;
    try (var _ = watch.begin(lane, "taking the lane up again", handle.getConnection())) {
      CommitSession fresh = CommitSession.reconnect(handle, lane, epochs, registered);
      passed = true;
      return fresh;
    } finally {
      if (!passed) {
        PostgresConnections.close(handle);
      }
    }
  }

  private void requireOpen() {
    if (closed.get()) {
      throw closedError(null);
    }
  }

  private MillraceException closedError(@Nullable Throwable cause) {
    return new MillraceException(Remedy.RESTART, "lane is closed: lane=" + lane, cause);
  }

  @Override
  public Map<String, String> effects(String effect, Collection<String> inputs) {
    return pool.reading(
        "reading effect " + effect, connection -> tables.effects(connection, effect, inputs));
  }

  @Override
  public void index(EntityType<?> type, Collection<String> columns) {
    runDdl(handle -> indexes.build(handle, type, columns));
  }

  @Override
  public void buildDeferredIndexes() {
    runDdl(handle -> indexes.buildRest(handle, database.entities()));
  }

  /** DDL work of the indexes. */
  @FunctionalInterface
  private interface Building {
    void on(Handle handle) throws SQLException;
  }

  /** Runs DDL on the commit connection: nothing else of this lane writes meanwhile. */
  private void runDdl(Building work) {
    CommitSession current = session();
    try {
      work.on(current.handle());
    } catch (SQLException | JdbiException failed) {
      drop(current);
      throw explain(PostgresErrors.translate("building an index", failed));
    } catch (RuntimeException broken) {
      drop(current);
      throw broken;
    }
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      CommitSession current = session;
      if (current != null) {
        current.abort();
      }
    }
    lease.close(); // a second caller waits as well, and then the lane is free
  }
}
