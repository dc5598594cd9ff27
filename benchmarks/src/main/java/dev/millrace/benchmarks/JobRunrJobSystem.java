package dev.millrace.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.servers.EmbeddedPostgres;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.jobrunr.configuration.JobRunr;
import org.jobrunr.jobs.lambdas.JobRequest;
import org.jobrunr.jobs.lambdas.JobRequestHandler;
import org.jobrunr.scheduling.JobRequestScheduler;
import org.jobrunr.server.BackgroundJobServerConfiguration;
import org.jobrunr.storage.sql.postgres.PostgresStorageProvider;

/** JobRunr's open source edition, which polls every five seconds at the most often. */
final class JobRunrJobSystem implements JobSystem {
  private static final int WORKERS = 100;
  private static final int CONNECTIONS = 20;
  private static final int BATCH = 1_000;
  private static final AtomicLong CALLED = new AtomicLong();

  private final EmbeddedPostgres server;
  private final HikariDataSource pool;
  private final JobRequestScheduler scheduler;

  /** The job; public, as JobRunr makes it by reflection. */
  public record Noop(int number) implements JobRequest {
    @Override
    public Class<Handler> getJobRequestHandler() {
      return Handler.class;
    }
  }

  /** The handler of the job; public, as JobRunr makes it by reflection. */
  public static final class Handler implements JobRequestHandler<Noop> {
    @Override
    public void run(Noop request) {
      CALLED.incrementAndGet();
    }
  }

  JobRunrJobSystem(EmbeddedPostgres server) {
    this.server = server;
    this.pool = BenchmarkTables.pool(server, CONNECTIONS);
    CALLED.set(0);
    this.scheduler =
        JobRunr.configure()
            .useStorageProvider(new PostgresStorageProvider(pool))
            .useBackgroundJobServer(
                BackgroundJobServerConfiguration.usingStandardBackgroundJobServerConfiguration()
                    .andPollInterval(Duration.ofSeconds(5))
                    .andWorkerCount(WORKERS))
            .initialize()
            .getJobRequestScheduler();
  }

  @Override
  public String name() {
    return "jobrunr";
  }

  @Override
  public void trigger(int runs) {
    for (int i = 0; i < runs; i += BATCH) {
      scheduler.enqueue(IntStream.range(i, Math.min(runs, i + BATCH)).mapToObj(Noop::new));
    }
  }

  @Override
  public long called() {
    return CALLED.get();
  }

  @Override
  public long open() {
    return BenchmarkTables.count(
        server, "SELECT count(*) FROM jobrunr_jobs WHERE state <> 'SUCCEEDED'");
  }

  @Override
  public void close() {
    JobRunr.destroy();
    pool.close();
  }
}
