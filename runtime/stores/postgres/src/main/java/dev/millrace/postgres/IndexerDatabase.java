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
import java.util.List;
import org.jdbi.v3.core.Handle;

/**
 * The database of one indexer, as all lanes of a process reach it: one pool of sessions that read,
 * one watchdog, and a session of its own for each lane that commits. Thread-safe.
 */
final class IndexerDatabase implements AutoCloseable {
  private final PostgresConnections connections;
  private final Indexer indexer;
  private final Failpoint probe;
  private final HikariDataSource pool;
  private final RequestWatchdog watch;

  IndexerDatabase(PostgresConnections connections, Indexer indexer, Failpoint probe) {
    this.connections = connections;
    this.indexer = indexer;
    this.probe = probe;
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

  Failpoint probe() {
    return probe;
  }

  RequestWatchdog watch() {
    return watch;
  }

  WatchedReadPool readPool(String lane) {
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
