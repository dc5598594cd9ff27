package dev.millrace.http;

import dev.millrace.jobs.JobStatus;
import dev.millrace.runner.IndexerStatus;
import dev.millrace.runner.IndexerStatus.Lane;
import dev.millrace.runner.IndexerStatus.Mark;
import dev.millrace.runner.StatusServer.StatusReports;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * Exposes a {@link IndexerStatus} to Prometheus; reads it on every scrape. Names are written with
 * dots here and exported with underscores; {@code docs/operations.md} lists them.
 */
final class PrometheusMetrics implements AutoCloseable {
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Map<String, MultiGauge> gauges = new HashMap<>(); // @GuardedBy this
  private final StatusReports reports;

  PrometheusMetrics(StatusReports reports) {
    this.reports = reports;
  }

  /** One request at a time: the rows of a gauge are replaced before they are printed. */
  synchronized String scrape() {
    IndexerStatus now = reports.process().get();
    perLane(now, "millrace.committed.block", lane -> lane.committed().block().orElse(-1));
    perLane(now, "millrace.processed.block", lane -> lane.processed().block().orElse(-1));
    perLane(now, "millrace.last.block", lane -> lane.lastBlock().orElse(-1));
    perLane(now, "millrace.committed.checkpoint", lane -> lane.committed().checkpoint());
    perLane(now, "millrace.committed.events", lane -> lane.committed().events());
    perLane(now, "millrace.processed.events", lane -> lane.processed().events());
    perLane(now, "millrace.epoch", Lane::epoch);
    perLane(now, "millrace.transit.batches", Lane::batchesInTransit);
    perLane(now, "millrace.staged.bytes", Lane::stagedBytes);
    perLane(now, "millrace.rewinds", lane -> lane.rewinds().count());
    perLane(now, "millrace.rewound.blocks", lane -> lane.rewinds().blocks());
    perLane(now, "millrace.rewind.seconds", lane -> lane.rewinds().undoing().toMillis() / 1e3);
    perLane(now, "millrace.execute.seconds", lane -> lane.timings().executeNanos() / 1e9);
    perLane(now, "millrace.commit.seconds", lane -> lane.timings().commitNanos() / 1e9);
    rows("millrace.mirrored.block", now, lane -> mirror(lane, mark -> mark.block().orElse(-1)));
    rows("millrace.mirrored.checkpoint", now, lane -> mirror(lane, Mark::checkpoint));
    rows("millrace.mirrored.events", now, lane -> mirror(lane, Mark::events));
    rows(
        "millrace.mirror.seconds",
        now,
        lane -> mirror(lane, _ -> lane.timings().mirrorNanos() / 1e9));
    perLane(now, "millrace.commits", lane -> lane.timings().groups());
    perLane(now, "millrace.ready", lane -> lane.ready() ? 1 : 0);
    rows("millrace.stalled.seconds", now, PrometheusMetrics::stalls);
    rows("millrace.source", now, PrometheusMetrics::gaugesOf);
    now.workers().ifPresent(this::workers);
    reports.queues().get().ifPresent(this::queues);
    return registry.scrape();
  }

  private void perLane(IndexerStatus status, String name, ToDoubleFunction<Lane> value) {
    rows(name, status, lane -> List.of(Row.of(tags(lane), value.applyAsDouble(lane))));
  }

  private void workers(IndexerStatus.Workers workers) {
    set("millrace.jobs.workers", List.of(Row.of(Tags.empty(), workers.claiming())));
    set("millrace.jobs.running", List.of(Row.of(Tags.empty(), workers.running())));
  }

  private void queues(JobStatus jobs) {
    perQueue(jobs, "millrace.jobs.ready", JobStatus.Queue::ready);
    perQueue(jobs, "millrace.jobs.waiting", JobStatus.Queue::waiting);
    perQueue(jobs, "millrace.jobs.failed", JobStatus.Queue::failed);
    perQueue(jobs, "millrace.jobs.oldest.seconds", queue -> queue.oldestReady().toMillis() / 1e3);
    List<Row<?>> unserved = new ArrayList<>();
    jobs.unserved()
        .forEach(runs ->
            unserved.add(Row.of(Tags.of("job", runs.job(), "queue", runs.queue()), runs.runs())));
    set("millrace.jobs.unserved", unserved);
  }

  private void perQueue(JobStatus jobs, String name, ToDoubleFunction<JobStatus.Queue> value) {
    List<Row<?>> rows = new ArrayList<>();
    jobs.queues()
        .forEach(
            queue -> rows.add(Row.of(Tags.of("queue", queue.name()), value.applyAsDouble(queue))));
    set(name, rows);
  }

  private void rows(String name, IndexerStatus status, Function<Lane, List<Row<?>>> rows) {
    List<Row<?>> all = new ArrayList<>();
    status.lanes().forEach(lane -> all.addAll(rows.apply(lane)));
    set(name, all);
  }

  // @GuardedBy this
  private void set(String name, List<Row<?>> rows) {
    gauges
        .computeIfAbsent(name, once -> MultiGauge.builder(once).register(registry))
        .register(rows, true);
  }

  /** No row without a mirror. */
  private static List<Row<?>> mirror(Lane lane, ToDoubleFunction<Mark> value) {
    return lane.mirrored().stream()
        .<Row<?>>map(mark -> Row.of(tags(lane), value.applyAsDouble(mark)))
        .toList();
  }

  private static List<Row<?>> stalls(Lane lane) {
    List<Row<?>> rows = new ArrayList<>();
    lane.stalls()
        .forEach((cause, time) ->
            rows.add(Row.of(tags(lane).and("cause", cause), time.toMillis() / 1e3)));
    return rows;
  }

  /** Exports the numeric facts of a source; textual facts appear in the status only. */
  private static List<Row<?>> gaugesOf(Lane lane) {
    List<Row<?>> rows = new ArrayList<>();
    lane.report()
        .forEach((name, fact) -> {
          if (fact.matches("-?[0-9]{1,18}([.][0-9]{1,9})?")) {
            rows.add(Row.of(tags(lane).and("fact", name), Double.parseDouble(fact)));
          }
        });
    return rows;
  }

  private static Tags tags(Lane lane) {
    return Tags.of("chain", String.valueOf(lane.chain()));
  }

  @Override
  public void close() {
    registry.close();
  }
}
