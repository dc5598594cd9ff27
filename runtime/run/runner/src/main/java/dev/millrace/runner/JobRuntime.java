package dev.millrace.runner;

import dev.millrace.config.Config;
import dev.millrace.config.SpellingSuggestion;
import dev.millrace.jobs.Job;
import dev.millrace.jobs.JobClient;
import dev.millrace.jobs.JobRegistry;
import dev.millrace.jobs.JobSettings;
import dev.millrace.jobs.JobStatus;
import dev.millrace.jobs.JobWorker;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.postgres.client.DatabaseSettings;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The workers of a process, for the jobs of its program, over the database of its config. */
final class JobRuntime implements AutoCloseable {
  /** A path such as {@code /v2} is no key. */
  private static final int MIN_KEY = 16;

  private static final Pattern SEPARATORS = Pattern.compile("[/&=;]");

  private final Config config;
  private final JobRegistry jobs;
  private volatile List<JobWorker> workers = List.of();
  private volatile @Nullable JobStatusCache queues;
  private volatile boolean incomplete;
  private @Nullable ConfiguredDatabase database; // @GuardedBy this
  private @Nullable JobClient client; // @GuardedBy this

  JobRuntime(Config config, JobRegistry jobs) {
    this.config = config;
    this.jobs = jobs;
  }

  /** Returns the settings of jobs that a config asks for. */
  static JobSettings settings(Config config, DatabaseSettings database) {
    Config.Jobs wanted = config.jobs();
    JobSettings settings = JobSettings.of(database);
    if (wanted.concurrency().isPresent()) {
      settings = settings.withConcurrency(wanted.concurrency().getAsInt());
    }
    for (String queue : new TreeSet<>(wanted.queues().keySet())) {
      settings = settings.withQueue(queue, wanted.queues().getOrDefault(queue, 1));
    }
    settings = wanted.lease().map(settings::withLease).orElse(settings);
    settings = wanted.drain().map(settings::withDrain).orElse(settings);
    settings = settings.withSecrets(secrets(config));
    return wanted.retention().map(settings::withRetention).orElse(settings);
  }

  /** Returns the passwords of a config, and the paths of its nodes, which hold keys. */
  static List<String> secrets(Config config) {
    List<String> secrets = new ArrayList<>();
    if (config.clickhouse().map(Config.ClickHouse::engine).orElse(null)
        instanceof Config.ClickHouse.Server server) {
      server.password().ifPresent(secrets::add);
    }
    for (Config.Chain chain : config.chains()) {
      for (Config.Endpoint endpoint : chain.endpoints()) {
        URI url = endpoint.url();
        Stream.of(url.getRawUserInfo(), url.getRawQuery(), url.getRawPath())
            .filter(part -> part != null && part.length() > MIN_KEY && !isGenerated(endpoint))
            .forEach(secrets::add);
        // Programs use the key without what is around it in the address.
        Stream.of(url.getRawQuery(), url.getRawPath())
            .filter(part -> part != null && !isGenerated(endpoint))
            .flatMap(SEPARATORS::splitAsStream)
            .filter(part -> part.length() >= MIN_KEY)
            .forEach(secrets::add);
        String user = url.getUserInfo();
        if (user != null) {
          secrets.add(user.substring(user.indexOf(':') + 1));
        }
      }
    }
    return secrets;
  }

  /** True for a chain that is generated in the process: its address holds no key. */
  private static boolean isGenerated(Config.Endpoint endpoint) {
    return endpoint.scheme().equals("dev");
  }

  /**
   * Refuses a config that does not fit the jobs.
   *
   * @throws MillraceException with remedy {@code FIX_SETUP} if it names a queue that no job has
   */
  void check() {
    Set<String> known = new TreeSet<>();
    jobs.jobs().stream().map(Job::queue).forEach(known::add);
    for (String queue : new TreeSet<>(config.jobs().queues().keySet())) {
      if (!known.contains(queue)) {
        throw new MillraceException(
            Remedy.FIX_SETUP,
            "config has a queue of no job, remove it from jobs.queues or correct its name: queue=%s known=%s%s"
                .formatted(
                    queue,
                    String.join(",", known),
                    SpellingSuggestion.nearest(queue, known)
                        .map(near -> " (did you mean " + near + "?)")
                        .orElse("")));
      }
    }
  }

  void start() {
    ConfiguredDatabase opened = ConfiguredDatabase.open(config);
    synchronized (this) {
      database = opened;
    }
    JobSettings settings = settings(config, opened.settings()).withSecrets(jobs.secrets());
    List<JobWorker> started = new ArrayList<>();
    try {
      for (int i = 0; i < config.jobs().workers(); i++) {
        started.add(JobWorker.start(settings, jobs.jobs(), jobs.schedules()));
      }
      JobClient observer = JobClient.open(settings);
      queues = new JobStatusCache(observer::status);
      synchronized (this) {
        client = observer;
      }
    } finally {
      workers = List.copyOf(started);
    }
  }

  IndexerStatus.Workers status() {
    List<JobWorker> known = workers;
    return new IndexerStatus.Workers(
        config.jobs().workers(),
        (int) known.stream().filter(JobWorker::isClaiming).count(),
        known.stream().mapToInt(JobWorker::running).sum());
  }

  /** Returns the state of all queues; empty before the start, and while the database is away. */
  Optional<JobStatus> queues() {
    JobStatusCache known = queues;
    return known == null ? Optional.empty() : known.latest();
  }

  /** Returns the first failure of a worker. */
  Optional<MillraceException> failure() {
    return workers.stream().flatMap(worker -> worker.failure().stream()).findFirst();
  }

  /** True if handlers did not end within the drain. */
  boolean isIncomplete() {
    return incomplete;
  }

  /** Claims no more runs and drains all workers at the same time. Idempotent. */
  @Override
  public void close() {
    List<Thread> closing = new ArrayList<>();
    for (JobWorker worker : workers) {
      closing.add(SupervisorThread.start("jobs-drain", worker::close));
    }
    boolean interrupted = false;
    for (Thread thread : closing) {
      try {
        thread.join();
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    incomplete = workers.stream().anyMatch(JobWorker::isLeftBehind);
    closeRest();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void closeRest() {
    if (client != null) {
      client.close();
      client = null;
    }
    if (database != null) {
      database.close();
      database = null;
    }
  }
}
