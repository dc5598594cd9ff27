package dev.millrace.benchmarks;

import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.task.TaskInstance;
import com.github.kagkarlsson.scheduler.task.helper.OneTimeTask;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.servers.EmbeddedPostgres;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** db-scheduler with its fastest polling strategy for PostgreSQL: lock and fetch. */
final class DbSchedulerJobSystem implements JobSystem {
  private static final int THREADS = 100;
  private static final int CONNECTIONS = 20;
  private static final int BATCH = 1_000;

  private final EmbeddedPostgres server;
  private final HikariDataSource pool;
  private final AtomicLong called = new AtomicLong();
  private final OneTimeTask<Void> noop;
  private final Scheduler scheduler;
  private long triggered;

  DbSchedulerJobSystem(EmbeddedPostgres server) {
    this.server = server;
    BenchmarkTables.execute(
        server,
        "DROP TABLE IF EXISTS scheduled_tasks",
        """
        CREATE TABLE scheduled_tasks (
          task_name text NOT NULL, task_instance text NOT NULL, task_data bytea,
          execution_time timestamptz NOT NULL, picked boolean NOT NULL, picked_by text,
          last_success timestamptz, last_failure timestamptz, consecutive_failures integer,
          last_heartbeat timestamptz, version bigint NOT NULL, priority smallint,
          PRIMARY KEY (task_name, task_instance))
        """,
        "CREATE INDEX ON scheduled_tasks (execution_time)",
        "CREATE INDEX ON scheduled_tasks (last_heartbeat)");
    this.pool = BenchmarkTables.pool(server, CONNECTIONS);
    this.noop = Tasks.oneTime("noop").execute((_, _) -> called.incrementAndGet());
    this.scheduler =
        Scheduler.create(pool, noop)
            .threads(THREADS)
            .pollUsingLockAndFetch(1.0, 4.0)
            .pollingInterval(Duration.ofMillis(50))
            .enableImmediateExecution()
            .build();
    scheduler.start();
  }

  @Override
  public String name() {
    return "db-scheduler";
  }

  @Override
  public void trigger(int runs) {
    for (int i = 0; i < runs; i += BATCH) {
      List<TaskInstance<?>> batch = new ArrayList<>(BATCH);
      for (int k = i; k < Math.min(runs, i + BATCH); k++) {
        batch.add(noop.instance("run-" + triggered++));
      }
      scheduler.scheduleBatch(batch, Instant.now());
    }
  }

  @Override
  public long called() {
    return called.get();
  }

  @Override
  public long open() {
    return BenchmarkTables.count(server, "SELECT count(*) FROM scheduled_tasks");
  }

  @Override
  public void close() {
    scheduler.stop();
    pool.close();
  }
}
