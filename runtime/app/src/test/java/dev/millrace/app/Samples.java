package dev.millrace.app;

import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.TimingSummary;
import dev.millrace.runner.IndexerStatus;
import dev.millrace.runner.IndexerStatus.Lane;
import dev.millrace.runner.IndexerStatus.Mark;
import dev.millrace.runner.IndexerStatus.Rewinds;
import dev.millrace.runner.IndexerStatus.State;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;

/** Values that several tests use. */
final class Samples {
  private Samples() {}

  /**
   * A lane of blocks 0 to 999 with 10,000 events, of which {@code run} and {@code durable} blocks
   * are done.
   */
  static Lane lane(long run, long durable, String waitingFor) {
    return new Lane(
        1,
        State.RUNNING,
        7,
        mark(run),
        Optional.empty(),
        mark(durable),
        durable == 999,
        durable == 999,
        OptionalLong.of(0),
        OptionalLong.of(999),
        OptionalLong.of(10_000),
        waitingFor,
        List.of(),
        2,
        4096,
        Rewinds.NONE,
        Map.of("depth", Duration.ofMillis(1500)),
        new TreeMap<>(Map.of("cache bytes", "1024", "endpoint", "http://node: good")),
        new TimingSummary(
            4, 3, 10 * (durable + 1), 1_000_000_000, 0, 2_000_000_000, 2_500_000_000L, 0));
  }

  /** Returns the lane as one of another chain, after rewinds. */
  static Lane rewound(long chain, Lane lane, long rewinds) {
    return new Lane(
        chain,
        lane.state(),
        lane.epoch(),
        lane.processed(),
        lane.mirrored(),
        lane.committed(),
        lane.caughtUp(),
        lane.ready(),
        lane.firstBlock(),
        lane.lastBlock(),
        lane.totalEvents(),
        lane.waitingFor(),
        lane.doubts(),
        lane.batchesInTransit(),
        lane.stagedBytes(),
        new Rewinds(rewinds, 3 * rewinds, Duration.ofMillis(20 * rewinds)),
        lane.stalls(),
        lane.report(),
        lane.timings());
  }

  /** Returns the lane with doubts. */
  static Lane doubtful(Lane lane, String... doubts) {
    return new Lane(
        lane.chain(),
        lane.state(),
        lane.epoch(),
        lane.processed(),
        lane.mirrored(),
        lane.committed(),
        lane.caughtUp(),
        lane.ready(),
        lane.firstBlock(),
        lane.lastBlock(),
        lane.totalEvents(),
        lane.waitingFor(),
        List.of(doubts),
        lane.batchesInTransit(),
        lane.stagedBytes(),
        lane.rewinds(),
        lane.stalls(),
        lane.report(),
        lane.timings());
  }

  /** Returns the lane with a mirror. */
  static Lane mirrored(Lane lane, long block) {
    return new Lane(
        lane.chain(),
        lane.state(),
        lane.epoch(),
        lane.processed(),
        Optional.of(mark(block)),
        lane.committed(),
        lane.caughtUp(),
        lane.ready(),
        lane.firstBlock(),
        lane.lastBlock(),
        lane.totalEvents(),
        lane.waitingFor(),
        lane.doubts(),
        lane.batchesInTransit(),
        lane.stagedBytes(),
        lane.rewinds(),
        lane.stalls(),
        lane.report(),
        new TimingSummary(
            4, 3, 6000, 1_000_000_000, 500_000_000, 2_000_000_000, 2_500_000_000L, 0));
  }

  private static Mark mark(long block) {
    return new Mark(
        block < 0 ? OptionalLong.empty() : OptionalLong.of(block), block + 1, 10 * (block + 1));
  }

  static IndexerStatus running(Lane... lanes) {
    return status(State.RUNNING, lanes);
  }

  static IndexerStatus status(State state, Lane... lanes) {
    return new IndexerStatus("erc20", state, Optional.empty(), "", List.of(lanes));
  }

  static IndexerStatus starting(String waitingFor) {
    return new IndexerStatus("erc20", State.STARTING, Optional.empty(), waitingFor, List.of());
  }

  static IndexerStatus failed(String message, Remedy remedy) {
    return new IndexerStatus(
        "erc20",
        State.FAILED,
        Optional.of(new IndexerStatus.Failure(message, remedy)),
        "",
        List.of(lane(5, 4, "")));
  }

  /** A shell with captured output. */
  record Captured(
      CliEnvironment shell, ByteArrayOutputStream outBytes, ByteArrayOutputStream errBytes) {
    String out() {
      return outBytes.toString(StandardCharsets.UTF_8);
    }

    String err() {
      return errBytes.toString(StandardCharsets.UTF_8);
    }
  }

  static Captured shell(Path directory, Map<String, String> environment) {
    return shell(directory, environment, OptionalInt.empty());
  }

  static Captured shell(Path directory, Map<String, String> environment, OptionalInt columns) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    CliEnvironment shell =
        new CliEnvironment(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            environment,
            directory,
            () -> columns);
    return new Captured(shell, out, err);
  }
}
