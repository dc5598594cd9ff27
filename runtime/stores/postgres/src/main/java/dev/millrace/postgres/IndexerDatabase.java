package dev.millrace.postgres;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.loaders.EntityType;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Indexer;
import dev.millrace.postgres.client.Lease;
import dev.millrace.postgres.client.PostgresConnections;
import dev.millrace.postgres.client.RequestWatchdog;
import dev.millrace.postgres.client.WatchedReadPool;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/**
 * The database of one indexer, as all lanes of a process reach it: one pool of sessions that read,
 * one watchdog, and a session of its own for each lane that commits. Thread-safe.
 */
final class IndexerDatabase implements AutoCloseable {
  /** The execute thread and the commit thread of a lane read one thing each at a time. */
  private static final int READERS_PER_LANE = 2;

  private final PostgresConnections connections;
  private final Indexer indexer;
  private final Failpoint failpoint;
  private final HikariDataSource pool;
  private final Set<String> lanes = new HashSet<>(); // @GuardedBy this
  private final RequestWatchdog watch;

  IndexerDatabase(PostgresConnections connections, Indexer indexer, Failpoint failpoint) {
    this.connections = connections;
    this.indexer = indexer;
    this.failpoint = failpoint;
    this.pool = connections.pool();
    this.watch = new RequestWatchdog(connections);
  }

  String schema() {
    return connections.schema();
  }

  /** The entities that have tables in PostgreSQL. */
  List<EntityType<?>> entities() {
    return indexer.entities().stream()
        .filter(type -> indexer.storage(type).isInPostgres())
        .toList();
  }

  boolean isMirrored() {
    return indexer.entities().stream().anyMatch(type -> indexer.storage(type).isMirrored());
  }

  Failpoint failpoint() {
    return failpoint;
  }

  RequestWatchdog watch() {
    return watch;
  }

  /** Makes room in the pool for one more lane: the slow reads of some must not stop the others. */
  synchronized WatchedReadPool readPool(String lane) {
    lanes.add(lane);
    int needed = Math.max(pool.getMaximumPoolSize(), lanes.size() * READERS_PER_LANE);
    pool.getHikariConfigMXBean().setMaximumPoolSize(needed);
    return new WatchedReadPool(pool, watch, lane);
  }

  Handle openForCommits(String lane) throws SQLException {
    return connections.openForCommits(lane);
  }

  Lease lease(String lane, long epoch, Duration length) {
    return new Lease(connections, lane, epoch, length);
  }

  @Override
  public void close() {
    pool.close();
    watch.close();
  }
}
