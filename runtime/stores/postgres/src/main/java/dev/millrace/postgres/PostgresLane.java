package dev.millrace.postgres;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.Frontier;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.pipeline.Ledger;
import dev.millrace.pipeline.Probe;
import dev.millrace.pipeline.Source;
import dev.millrace.postgres.client.Backend;
import dev.millrace.postgres.client.Connections;
import dev.millrace.postgres.client.Lease;
import dev.millrace.postgres.client.RequestWatch;
import dev.millrace.postgres.client.SqlErrors;
import dev.millrace.postgres.client.WatchedPool;
import dev.millrace.postgres.client.WireBuffer;
import dev.millrace.staging.Reads;
import java.sql.SQLException;
import java.util.ArrayList;
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
  private final Connections connections;
  private final WatchedPool pool;
  private final RequestWatch watch;
  private final Indexer indexer;
  private final String lane;
  private final Frontier opened;
  private final Lease lease;
  private final Probe probe;
  private final Reads reads;
  private final Commit.Targets targets;
  private final Indexes indexes;
  private final List<Table<?>> tables = new ArrayList<>();

  private final Epochs epochs;

  private final AtomicBoolean closed = new AtomicBoolean();

  /** Written by the commit thread; read by the thread that closes the lane. */
  private volatile @Nullable Session session;

  /** The last session that was registered. Confined to the commit thread. */
  private Backend registered;

  /** The objects that a lane shares with the other lanes of its store. */
  record Surroundings(
      Connections connections,
      HikariDataSource pool,
      RequestWatch watch,
      Indexer indexer,
      Probe probe) {}

  PostgresLane(Surroundings around, String lane, Session first, Frontier opened, Lease lease) {
    this.connections = around.connections();
    this.watch = around.watch();
    this.pool = new WatchedPool(around.pool(), watch, lane);
    this.indexer = around.indexer();
    this.probe = around.probe();
    this.lane = lane;
    this.session = first;
    this.registered = first.backend();
    this.opened = opened;
    this.lease = lease;
    long chain = Takeover.chain(lane);
    String schema = connections.schema();
    this.reads = new PostgresReads(pool, schema, chain);
    this.epochs = new Epochs(opened.epoch());
    this.indexes = new Indexes(schema, probe, (doing, on) -> watch.begin(lane, doing, on));
    WireBuffer buffer = new WireBuffer();
    List<TableWriter<?>> writers = new ArrayList<>();
    for (EntityType<?> type : types()) {
      Table<?> table = new Table<>(schema, type);
      tables.add(table);
      writers.add(new TableWriter<>(table, chain, buffer, probe));
    }
    this.targets =
        new Commit.Targets(writers, new SideTables(chain), new Pruning(tables, lane, chain));
  }

  /** The entities that have tables in PostgreSQL. */
  private List<EntityType<?>> types() {
    return indexer.entities().stream()
        .filter(type -> indexer.storage(type).isInPostgres())
        .toList();
  }

  @Override
  public Frontier opened() {
    return opened;
  }

  @Override
  public Source.Standing standing() {
    long chain = Takeover.chain(lane);
    return pool.reading("reading where a lane stands", on -> new StandingQuery(on, chain).read());
  }

  @Override
  public void onLost(Consumer<MillraceException> lost) {
    lease.onLost(lost);
  }

  @Override
  public Ledger ledger() {
    long held = epochs.current(); // a rewind may open the next one meanwhile
    Ledger ledger =
        pool.reading("reading the ledger", on -> new LedgerQuery(on).read(lane).orElseThrow());
    if (ledger.epoch() != held) {
      epochs.check(lane, ledger.epoch());
    }
    return ledger;
  }

  @Override
  public Frontier rewind(Source.@Nullable Place to) {
    Session current = session();
    try (var _ = watch(current, "rewinding to " + describe(to))) {
      if (!epochs.isTurning()) {
        Handle handle = current.handle();
        epochs.turnTo(handle.createQuery(Takeover.NEXT_EPOCH).mapTo(Long.class).one());
      }
      Frontier standing = new Rewind(current, epochs, lane, probe).run(to, tables);
      epochs.turned();
      return standing;
    } catch (SQLException | JdbiException | MillraceException failed) {
      MillraceException explained = explain(SqlErrors.translate("rewind", failed));
      rollBack(current, epochs.next(), explained);
      throw explained;
    } catch (RuntimeException | Error broken) {
      drop(current);
      throw broken;
    }
  }

  @Override
  public Reads reads() {
    return reads;
  }

  @Override
  public void commit(CommitGroup group) {
    Blame blame = new Blame(group);
    Session current = session();
    try (var _ = watch(current, "commit " + group.number())) {
      new Commit(current, lane, epochs, probe).run(group, blame, targets);
    } catch (SQLException | JdbiException | MillraceException failed) {
      MillraceException explained = explain(blame.explain(failed));
      rollBack(current, group.number(), explained);
      throw explained;
    } catch (RuntimeException | Error broken) {
      drop(current);
      throw broken;
    }
  }

  private RequestWatch.Request watch(Session current, String doing) throws SQLException {
    return watch.begin(lane, doing, current.connection());
  }

  private static String describe(Source.@Nullable Place to) {
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
    SQLException sql = SqlErrors.sql(failed);
    return sql != null && SqlErrors.isWorthANewSession(sql);
  }

  private void rollBack(Session current, long number, MillraceException explained) {
    try {
      probe.pass(Probe.Point.ROLLING_BACK, number);
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

  private void drop(Session broken) {
    broken.abort();
    session = null;
  }

  /** Returns the current session, or opens a new one. */
  private Session session() {
    requireOpen();
    Session current = session;
    if (current != null) {
      return current;
    }
    try {
      Handle handle = connections.openForCommits(lane);
      Session fresh = register(handle);
      registered = fresh.backend();
      session = fresh;
      if (closed.get()) {
        fresh.abort(); // close() did not see it yet
      }
      return fresh;
    } catch (SQLException | JdbiException failed) {
      throw explain(SqlErrors.translate("connecting", failed));
    }
  }

  private Session register(Handle handle) throws SQLException {
    boolean passed = false;
    try (var _ = watch.begin(lane, "taking the lane up again", handle.getConnection())) {
      Session fresh = Session.again(handle, lane, epochs, registered);
      passed = true;
      return fresh;
    } finally {
      if (!passed) {
        Connections.close(handle);
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
        "reading effect " + effect,
        connection -> targets.side().answers(connection, effect, inputs));
  }

  @Override
  public void index(EntityType<?> type, Collection<String> columns) {
    building(handle -> indexes.build(handle, type, columns));
  }

  @Override
  public void finish() {
    building(handle -> indexes.buildRest(handle, types()));
  }

  /** DDL work of the indexes. */
  @FunctionalInterface
  private interface Building {
    void on(Handle handle) throws SQLException;
  }

  /** Runs DDL on the commit connection: nothing else of this lane writes meanwhile. */
  private void building(Building work) {
    Session current = session();
    try {
      work.on(current.handle());
    } catch (SQLException | JdbiException failed) {
      drop(current);
      throw explain(SqlErrors.translate("building an index", failed));
    } catch (RuntimeException broken) {
      drop(current);
      throw broken;
    }
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      Session current = session;
      if (current != null) {
        current.abort();
      }
    }
    lease.close(); // a second caller waits as well, and then the lane is free
  }
}
