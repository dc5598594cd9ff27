package dev.millrace.runner;

import dev.millrace.config.Config;
import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.lane.LaneStatus;
import dev.millrace.pipeline.Source;
import dev.millrace.runner.IndexerStatus.Mark;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A chain and the lane that follows it in this process. */
record RunningLane(Config.Chain chain, Lane lane, Readiness readiness) implements AutoCloseable {
  long id() {
    return chain.id();
  }

  /** A value that differs after every commit and rewind. */
  List<Long> epochAndCommits() {
    LaneStatus now = lane.status();
    return List.of(now.epoch(), now.commits());
  }

  /** Adds doubts that concern all lanes to those of this one. */
  IndexerStatus.Lane status(List<String> moreDoubts) {
    LaneStatus now = lane.status();
    Map<String, Duration> stalls = new TreeMap<>();
    now.stalledNanos().forEach((cause, nanos) -> stalls.put(cause, Duration.ofNanos(nanos)));
    Source.BlockRange extent = now.extent();
    return new IndexerStatus.Lane(
        id(),
        state(now.end()),
        now.epoch(),
        mark(now.processed()),
        Optional.ofNullable(now.mirrored()).map(RunningLane::mark),
        mark(now.committed()),
        isCaughtUp(now),
        isReady(now),
        OptionalLong.of(chain.from()),
        extent.lastBlock(),
        extent.events(),
        now.waitingFor(),
        Stream.concat(now.doubts().stream(), moreDoubts.stream()).toList(),
        now.batchesInTransit(),
        now.bytesInMemory(),
        rewinds(now.rewinds()),
        stalls,
        lane.report(),
        lane.timings().summary());
  }

  private static IndexerStatus.Rewinds rewinds(LaneStatus.Rewinds rewinds) {
    return new IndexerStatus.Rewinds(
        rewinds.count(), rewinds.blocks(), Duration.ofNanos(rewinds.nanos()));
  }

  /** Describes the committed frontier, for a log. */
  String position() {
    LaneStatus.Progress committed = lane.status().committed();
    return "block=%d checkpoint=%d events=%d"
        .formatted(committed.block(), committed.checkpoint(), committed.events());
  }

  /** True if everything up to the last block that the source knows is durable. */
  private static boolean isCaughtUp(LaneStatus now) {
    OptionalLong last = now.extent().lastBlock();
    return now.end() instanceof LaneOutcome.Done
        || (last.isPresent() && now.committed().block() >= last.getAsLong());
  }

  /** Measures the lag, which has to happen while no request for the status comes, too. */
  void observeReadiness() {
    isReady(lane.status());
  }

  private boolean isReady(LaneStatus now) {
    return now.end() == null
        ? readiness.observe(now.committed().block(), now.extent().lastBlock())
        : isCaughtUp(now); // the lag of a lane that has ended does not shrink
  }

  @Override
  public void close() {
    lane.close();
  }

  private static IndexerStatus.State state(@Nullable LaneOutcome end) {
    return switch (end) {
      case null -> IndexerStatus.State.RUNNING;
      case LaneOutcome.Done _, LaneOutcome.Drained _ -> IndexerStatus.State.DONE;
      case LaneOutcome.Failed _ -> IndexerStatus.State.FAILED;
    };
  }

  private static Mark mark(LaneStatus.Progress side) {
    return new Mark(
        side.block() < 0 ? OptionalLong.empty() : OptionalLong.of(side.block()),
        side.checkpoint(),
        side.events());
  }
}
