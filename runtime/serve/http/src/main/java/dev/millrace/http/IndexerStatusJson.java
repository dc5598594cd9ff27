package dev.millrace.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.jobs.JobStatus;
import dev.millrace.pipeline.TimingSummary;
import dev.millrace.runner.ExitCode;
import dev.millrace.runner.IndexerStatus;
import dev.millrace.runner.IndexerStatus.Lane;
import dev.millrace.runner.IndexerStatus.Mark;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/** Renders a {@link IndexerStatus} as JSON. Keys are only ever added. */
final class IndexerStatusJson {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private IndexerStatusJson() {}

  static String of(IndexerStatus status, Optional<JobStatus> queues) {
    ObjectNode root = JSON.objectNode();
    root.put("name", status.name());
    root.put("state", word(status.state()));
    root.put("ready", status.isReady());
    root.put("waitingFor", status.waitingFor());
    status
        .failure()
        .ifPresent(failure ->
            root.putObject("failure")
                .put("message", failure.message())
                .put("exitCode", ExitCode.of(failure.remedy())));
    ArrayNode lanes = root.putArray("lanes");
    status.lanes().forEach(lane -> lanes.add(lane(lane)));
    status
        .workers()
        .ifPresent(workers ->
            root.putObject("workers")
                .put("count", workers.count())
                .put("claiming", workers.claiming())
                .put("running", workers.running()));
    queues.ifPresent(jobs -> root.set("jobs", jobs(jobs)));
    return root.toPrettyString();
  }

  private static ObjectNode jobs(JobStatus jobs) {
    ObjectNode node = JSON.objectNode();
    ArrayNode queues = node.putArray("queues");
    jobs.queues()
        .forEach(queue ->
            queues
                .addObject()
                .put("name", queue.name())
                .put("ready", queue.ready())
                .put("waiting", queue.waiting())
                .put("running", queue.running())
                .put("failed", queue.failed())
                .put("oldestReadyMillis", queue.oldestReady().toMillis()));
    ArrayNode workers = node.putArray("workers");
    jobs.workers()
        .forEach(worker ->
            workers
                .addObject()
                .put("name", worker.name())
                .put("startedAt", worker.startedAt().toString())
                .put("running", worker.running()));
    ArrayNode unserved = node.putArray("unserved");
    jobs.unserved()
        .forEach(runs ->
            unserved
                .addObject()
                .put("job", runs.job())
                .put("queue", runs.queue())
                .put("runs", runs.runs()));
    return node;
  }

  static String health(IndexerStatus status) {
    ObjectNode root = JSON.objectNode();
    root.put("healthy", status.state() != IndexerStatus.State.FAILED);
    root.put("state", word(status.state()));
    ObjectNode waiting = root.putObject("waitingFor");
    status.lanes().forEach(lane -> waiting.put(String.valueOf(lane.chain()), lane.waitingFor()));
    return root.toPrettyString();
  }

  static String ready(IndexerStatus status) {
    ObjectNode root = JSON.objectNode();
    root.put("ready", status.isReady());
    return root.toPrettyString();
  }

  private static ObjectNode lane(Lane lane) {
    ObjectNode node = JSON.objectNode();
    node.put("chain", lane.chain());
    node.put("state", word(lane.state()));
    node.put("epoch", lane.epoch());
    node.set("committed", mark(lane.committed()));
    lane.mirrored().ifPresent(mirrored -> node.set("mirrored", mark(mirrored)));
    node.set("processed", mark(lane.processed()));
    put(node, "firstBlock", lane.firstBlock());
    put(node, "lastBlock", lane.lastBlock());
    put(node, "totalEvents", lane.totalEvents());
    node.put("caughtUp", lane.caughtUp());
    node.put("ready", lane.ready());
    node.put("waitingFor", lane.waitingFor());
    ArrayNode doubts = node.putArray("doubts");
    lane.doubts().forEach(doubts::add);
    node.put("batchesInTransit", lane.batchesInTransit());
    node.put("stagedBytes", lane.stagedBytes());
    node.putObject("rewinds")
        .put("count", lane.rewinds().count())
        .put("blocks", lane.rewinds().blocks())
        .put("undoingMillis", lane.rewinds().undoing().toMillis());
    ObjectNode stalls = node.putObject("stalledMillis");
    lane.stalls().forEach((cause, time) -> stalls.put(cause, time.toMillis()));
    ObjectNode report = node.putObject("source");
    lane.report().forEach(report::put);
    ObjectNode timings = node.putObject("timings");
    timings(lane.timings(), timings);
    if (lane.mirrored().isPresent()) {
      timings.put("mirrorMillis", lane.timings().mirrorNanos() / 1_000_000);
    }
    return node;
  }

  private static ObjectNode mark(Mark mark) {
    ObjectNode node = JSON.objectNode();
    put(node, "block", mark.block());
    return node.put("checkpoint", mark.checkpoint()).put("events", mark.events());
  }

  private static void timings(TimingSummary timings, ObjectNode node) {
    node.put("batches", timings.batches())
        .put("commits", timings.groups())
        .put("executeMillis", timings.executeNanos() / 1_000_000)
        .put("commitMillis", timings.commitNanos() / 1_000_000)
        .put("wallMillis", timings.wallNanos() / 1_000_000)
        .put("overlap", timings.overlap())
        .put("overlapBound", timings.bound());
  }

  private static void put(ObjectNode node, String key, OptionalLong value) {
    if (value.isPresent()) {
      node.put(key, value.getAsLong());
    } else {
      node.putNull(key);
    }
  }

  private static String word(IndexerStatus.State state) {
    return state.name().toLowerCase(Locale.ROOT);
  }
}
