package dev.millrace.app;

import dev.millrace.runner.IndexerStatus;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Describes in one line how a successful run ended. */
final class ExitSummary {
  private ExitSummary() {}

  /** Lists what a run could not prove or do, one line each, always printed beside the end. */
  static List<String> doubts(IndexerStatus status) {
    return status.lanes().stream()
        .flatMap(lane ->
            lane.doubts().stream().map(doubt -> "chain %d: %s".formatted(lane.chain(), doubt)))
        .toList();
  }

  static String of(IndexerStatus status, boolean interrupted) {
    if (status.lanes().isEmpty() && status.workers().isPresent()) {
      return "stopped: workers have ended; run again to go on";
    }
    long events = status.committedEvents();
    double seconds =
        status.lanes().stream().mapToLong(lane -> lane.timings().wallNanos()).max().orElse(0) / 1e9;
    List<String> lanes =
        status.lanes().stream()
            .map(lane ->
                "chain %d %s"
                    .formatted(
                        lane.chain(),
                        lane.committed().block().isPresent()
                            ? "at block " + ProgressLine.count(lane.committed().block().getAsLong())
                            : "before its first block"))
            .toList();
    Optional<String> rewinds = ProgressLine.rewinds(status);
    // Events that a reorg undid were committed and are not durable.
    return "%s: %s events %s%s%s%s%s"
        .formatted(
            interrupted ? "stopped" : "done",
            ProgressLine.count(events),
            rewinds.isEmpty() ? "durable" : "committed",
            seconds > 0 && events > 0
                ? String.format(
                    Locale.ROOT,
                    " in %.1f s (%s/s)",
                    seconds,
                    ProgressLine.count(Math.round(events / seconds)))
                : "",
            lanes.isEmpty() ? "" : ", " + String.join(", ", lanes),
            rewinds.map(count -> ", " + count).orElse(""),
            interrupted ? "; run again to go on" : "");
  }
}
