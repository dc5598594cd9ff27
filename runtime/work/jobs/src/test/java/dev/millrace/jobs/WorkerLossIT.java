package dev.millrace.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Workers that die, or stand still, and what is left of their runs. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
final class WorkerLossIT {
  private static final Duration LONG = Duration.ofMinutes(4);

  private final JobSettings settings = JobsTestDatabase.settings().withLease(Duration.ofSeconds(1));

  private static void waitUntil(Callable<Boolean> condition) throws Exception {
    while (!condition.call()) {
      LockSupport.parkNanos(10_000_000);
    }
  }

  @Test
  @Tag("J1")
  @Tag("J3")
  @DisplayName("J1 J3 workers that are killed leave no run, and no effect twice")
  void killedWorkers_loseNothing() throws Exception {
    int kills = Integer.getInteger("millrace.it.kills", 8);
    Random random = new Random(7);
    Job<JobWorkerProcess.Work, Integer> job = JobWorkerProcess.counting(settings.schema());
    List<JobWorkerProcess> workers = new ArrayList<>();
    try (JobClient client = JobClient.open(settings)) {
      JobsTestDatabase.execute(settings, "CREATE TABLE effect (what text)");
      List<TriggeredRun> runs = new ArrayList<>();
      for (int i = 0; i < 20 * kills; i++) {
        runs.add(
            client.trigger(job, new JobWorkerProcess.Work("run " + i, 5 + random.nextInt(40))));
      }
      workers.add(JobWorkerProcess.start(settings));
      workers.add(JobWorkerProcess.start(settings));
      for (int i = 0; i < kills; i++) {
        int before = effects();
        waitUntil(() -> effects() > before + 10 || isDone());
        LockSupport.parkNanos(random.nextInt(200_000_000));
        workers.set(i % 2, replaced(workers.get(i % 2)));
      }
      for (TriggeredRun run : runs) {
        assertThat(client.await(run.id(), LONG).orElseThrow().state())
            .isEqualTo(RunState.SUCCEEDED);
      }
    } finally {
      workers.forEach(JobWorkerProcess::close);
    }
    assertThat(
            JobsTestDatabase.query(
                settings, "SELECT what, count(*) FROM effect GROUP BY 1 HAVING count(*) > 1"))
        .isEmpty();
    assertThat(
            JobsTestDatabase.query(
                settings,
                "SELECT sum((output)::text::int) = (SELECT count(*) FROM effect),"
                    + " sum((input ->> 'steps')::int) = sum((output)::text::int) FROM run"))
        .containsExactly("t|t");
  }

  private int effects() throws Exception {
    return Integer.parseInt(
        JobsTestDatabase.query(settings, "SELECT count(*) FROM effect").getFirst());
  }

  private boolean isDone() throws Exception {
    return JobsTestDatabase.query(settings, "SELECT id FROM run WHERE finished_at IS NULL LIMIT 1")
        .isEmpty();
  }

  private JobWorkerProcess replaced(JobWorkerProcess worker) throws Exception {
    worker.kill();
    return JobWorkerProcess.start(settings);
  }

  @Test
  @Tag("J3")
  @DisplayName("J3 a worker that was stopped for longer than its lease writes nothing afterwards")
  void stoppedWorker_writesNothing() throws Exception {
    Job<JobWorkerProcess.Work, Integer> job = JobWorkerProcess.counting(settings.schema());
    try (JobClient client = JobClient.open(settings)) {
      JobsTestDatabase.execute(settings, "CREATE TABLE effect (what text)");
      try (JobWorkerProcess first = JobWorkerProcess.start(settings)) {
        long run = client.trigger(job, new JobWorkerProcess.Work("run", 4_000)).id();
        waitUntil(() -> effects() > 20);
        first.signal("STOP");
        waitUntil(() -> sessionsOfOthers() == 0 || expired());
        try (JobWorkerProcess _ = JobWorkerProcess.start(settings)) {
          waitUntil(() -> client.find(run).orElseThrow().lostClaims() == 1);
          first.signal("CONT");
          assertThat(client.await(run, LONG).orElseThrow().state()).isEqualTo(RunState.SUCCEEDED);
        }
      }
      assertThat(
              JobsTestDatabase.query(settings, "SELECT count(*), count(DISTINCT what) FROM effect"))
          .containsExactly("4000|4000");
      assertThat(
              JobsTestDatabase.query(
                  settings,
                  "SELECT count(*) FROM (SELECT token, lag(token) OVER (ORDER BY number) AS earlier"
                      + " FROM step) AS s WHERE token < earlier"))
          .containsExactly("0");
    }
  }

  private int sessionsOfOthers() throws Exception {
    return Integer.parseInt(
        JobsTestDatabase.query(settings, "SELECT count(*) FROM worker").getFirst());
  }

  private boolean expired() throws Exception {
    return !JobsTestDatabase.query(
            settings, "SELECT session FROM worker WHERE expires_at < clock_timestamp()")
        .isEmpty();
  }

  @Test
  @Tag("J8")
  @DisplayName("J8 a run that kills every worker that claims it fails as WORKER_LOST")
  void deadlyRun_endsAfterItsBound() throws Exception {
    List<JobWorkerProcess> workers = new ArrayList<>();
    try (JobClient client = JobClient.open(settings)) {
      long run = client.trigger(JobWorkerProcess.deadly(), new JobWorkerProcess.Work("", 0)).id();
      workers.add(JobWorkerProcess.start(settings));
      while (!client.find(run).orElseThrow().state().isFinal()) {
        if (!workers.getLast().isAlive()) {
          workers.add(JobWorkerProcess.start(settings));
        }
        LockSupport.parkNanos(50_000_000);
      }
      Run ended = client.find(run).orElseThrow();
      assertThat(ended.state()).isEqualTo(RunState.FAILED);
      assertThat(ended.error().orElseThrow()).contains("WORKER_LOST");
      assertThat(ended.lostClaims()).isEqualTo(3);
    } finally {
      workers.forEach(JobWorkerProcess::close);
    }
  }
}
