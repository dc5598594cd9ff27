package dev.millrace.benchmarks;

import dev.millrace.clickhouse.ClickHouseMirror;
import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Storage;
import dev.millrace.loaders.Versions;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Indexer;
import dev.millrace.scenarios.ScenarioExtension;
import dev.millrace.servers.ClickHouseSettings;
import dev.millrace.servers.EmbeddedClickHouse;
import dev.millrace.servers.EmbeddedPostgres;
import dev.millrace.servers.PostgresSettings;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

/**
 * The cost of the copy in ClickHouse: the ERC-20 scenario from the dev chain into PostgreSQL alone,
 * with every version copied, and with the latest only, in turns. Both engines run on this machine.
 */
final class MirrorBenchmark {
  private static final int DEPTH = 8;
  private static final String DATABASE = "bench";
  private static final double MIN_WITH_EVERY = 0.4;
  private static final double MIN_WITH_LATEST = 0.6;

  private final BenchmarkSizes sizes;
  private final Consumer<String> progress;
  private final EmbeddedPostgres postgres;
  private final EmbeddedClickHouse clickhouse;
  private final Indexer indexer = indexer();
  private final DevChain chain;

  /** A run, and the CPU time of ClickHouse during it. */
  private record Run(Erc20Run run, long engineNanos) {
    double rate() {
      return run.eventsPerSecond();
    }

    double perEvent(double nanos) {
      return nanos / 1e3 / run.summary().events();
    }
  }

  /** The scenario with all entities in both stores. */
  private record Copied(Indexer definition, List<EntityType<?>> entities) implements Indexer {
    static Copied of(Indexer definition, Versions versions) {
      List<EntityType<?>> entities = new ArrayList<>();
      definition.entities().forEach(entity -> entities.add(entity.withVersions(versions)));
      return new Copied(definition, List.copyOf(entities));
    }

    @Override
    public String name() {
      return definition.name();
    }

    @Override
    public Storage storage(EntityType<?> type) {
      return Storage.BOTH;
    }

    @Override
    public SortedMap<String, String> sourceRequirements() {
      return definition.sourceRequirements();
    }
  }

  private MirrorBenchmark(
      BenchmarkSizes sizes,
      Consumer<String> progress,
      EmbeddedPostgres postgres,
      EmbeddedClickHouse clickhouse) {
    this.sizes = sizes;
    this.progress = progress;
    this.postgres = postgres;
    this.clickhouse = clickhouse;
    DevChainSettings defaults = DevChainSettings.DEFAULTS;
    this.chain =
        new DevChain(defaults.withBlocks(sizes.mirrorEvents() / defaults.logs()).withNames(0));
  }

  private static Indexer indexer() {
    return new ScenarioExtension()
        .indexers().stream()
            .filter(known -> known.name().equals("erc20"))
            .findFirst()
            .orElseThrow();
  }

  static List<BenchmarkMeasure> measure(
      BenchmarkSizes sizes, Consumer<String> progress, Path directory)
      throws IOException, InterruptedException {
    EmbeddedPostgres postgres =
        EmbeddedPostgres.start(
            directory.resolve("postgres"), PostgresSettings.standard().withProgress(progress));
    try {
      EmbeddedClickHouse clickhouse =
          EmbeddedClickHouse.start(
              directory.resolve("clickhouse"),
              ClickHouseSettings.standard().withProgress(progress));
      try {
        return new MirrorBenchmark(sizes, progress, postgres, clickhouse).measure();
      } finally {
        clickhouse.stop();
      }
    } finally {
      postgres.stop();
    }
  }

  private List<BenchmarkMeasure> measure() throws IOException, InterruptedException {
    alone();
    copied(Versions.ALL);
    List<Run> alone = new ArrayList<>();
    List<Run> every = new ArrayList<>();
    List<Run> latest = new ArrayList<>();
    for (int i = 0; i < sizes.repeats(); i++) {
      alone.add(alone());
      every.add(copied(Versions.ALL));
      latest.add(copied(Versions.LATEST));
    }
    String name = "mirror %,d events".formatted(sizes.mirrorEvents());
    List<BenchmarkMeasure> measures = new ArrayList<>();
    measures.add(BenchmarkMeasure.of(name + " off", "events/s", median(alone, Run::rate)));
    measures.add(
        BenchmarkMeasure.of(name + " every version", "events/s", median(every, Run::rate)));
    measures.add(BenchmarkMeasure.of(name + " latest", "events/s", median(latest, Run::rate)));
    measures.add(
        BenchmarkMeasure.of(name + " every version", "x off", ratio(every, alone))
            .atLeast(MIN_WITH_EVERY));
    measures.add(
        BenchmarkMeasure.of(name + " latest", "x off", ratio(latest, alone))
            .atLeast(MIN_WITH_LATEST));
    perEvent(name + " off", alone, measures);
    perEvent(name + " every version", every, measures);
    perEvent(name + " latest", latest, measures);
    return measures;
  }

  private Run alone() throws InterruptedException {
    return reported("off", new Run(Erc20Run.of(postgres, indexer, chain, DEPTH), 0));
  }

  private String ask(String sql) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(clickhouse.url()))
            .header("X-ClickHouse-User", clickhouse.user())
            .header("X-ClickHouse-Key", clickhouse.password())
            .POST(HttpRequest.BodyPublishers.ofString(sql))
            .build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() != 200) {
        throw new IOException("engine refuses: sql=%s answer=%s".formatted(sql, answer.body()));
      }
      return answer.body().strip();
    }
  }

  private Run copied(Versions versions) throws IOException, InterruptedException {
    Indexer copied = Copied.of(indexer, versions);
    MirrorSettings settings =
        MirrorSettings.of(clickhouse.url(), clickhouse.user(), clickhouse.password(), DATABASE);
    ask("DROP DATABASE IF EXISTS " + DATABASE);
    long before = engineNanos();
    try (ClickHouseMirror mirror = ClickHouseMirror.open(settings, copied, Failpoint.NONE)) {
      Erc20Run run =
          Erc20Run.of(
              postgres,
              copied,
              chain.source(indexer),
              DEPTH,
              () -> Optional.of(mirror.lane(Long.toString(DevChain.ID))));
      long spent = engineNanos() - before;
      String seen = ask("SELECT count() FROM %s.transfer".formatted(DATABASE));
      if (!seen.equals(Long.toString(run.summary().events()))) {
        throw new IOException(
            "mirror lacks transfers: seen=%s events=%d".formatted(seen, run.summary().events()));
      }
      return reported(versions.name().toLowerCase(Locale.ROOT), new Run(run, spent));
    }
  }

  private long engineNanos() {
    return clickhouse.pid().stream()
        .mapToObj(ProcessHandle::of)
        .flatMap(Optional::stream)
        .mapToLong(CpuTimeSample::of)
        .sum();
  }

  private Run reported(String how, Run run) {
    progress.accept(
        "mirror %s events=%,d: %,.0f events/s"
            .formatted(how, run.run.summary().events(), run.rate()));
    return run;
  }

  private static void perEvent(String name, List<Run> runs, List<BenchmarkMeasure> into) {
    into.add(micros(name + " cpu of millrace", runs, run -> run.run.cpu().ours()));
    into.add(micros(name + " cpu of postgres", runs, run -> run.run.cpu().postgres()));
    into.add(micros(name + " cpu of clickhouse", runs, run -> run.engineNanos));
    into.add(micros(name + " mirror stage", runs, run -> run.run.summary().mirrorNanos()));
    into.add(micros(name + " commit stage", runs, run -> run.run.summary().commitNanos()));
  }

  private static BenchmarkMeasure micros(String name, List<Run> runs, ToDoubleFunction<Run> nanos) {
    return BenchmarkMeasure.of(
        name, "us/event", median(runs, run -> run.perEvent(nanos.applyAsDouble(run))));
  }

  /** Returns the median ratio of runs that took turns. */
  private static double ratio(List<Run> runs, List<Run> beside) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < runs.size(); i++) {
      ratios.add(runs.get(i).rate() / beside.get(i).rate());
    }
    return BenchmarkMeasure.median(ratios);
  }

  private static double median(List<Run> runs, ToDoubleFunction<Run> value) {
    return BenchmarkMeasure.median(runs.stream().map(value::applyAsDouble).toList());
  }
}
