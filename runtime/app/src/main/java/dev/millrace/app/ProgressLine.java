package dev.millrace.app;

import dev.millrace.runner.IndexerStatus;
import dev.millrace.runner.IndexerStatus.Lane;
import dev.millrace.runner.IndexerStatus.Mark;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Describes in one line how far an indexer is. Counts durable events only, so that no number shown
 * ever shrinks because of a crash.
 */
final class ProgressLine {
  private static final String RESET = "\033[0m";

  private final RateMeter events = new RateMeter();
  private final RateMeter blocks = new RateMeter();

  /** Once caught up, a lane is a few blocks behind now and then; that is not remaining work. */
  private boolean hasCaughtUp;

  private record Part(String text, String style) {}

  void observe(long nanos, IndexerStatus status) {
    if (status.state() == IndexerStatus.State.STARTING) {
      return; // Waiting for a database says nothing about the pace.
    }
    hasCaughtUp |= !status.lanes().isEmpty() && status.lanes().stream().allMatch(Lane::caughtUp);
    events.observe(nanos, status.committedEvents());
    blocks.observe(
        nanos, status.lanes().stream().mapToLong(lane -> lane.committed().block().orElse(0)).sum());
  }

  /** Renders for a terminal: at most {@code columns} wide. */
  String render(IndexerStatus status, int columns, boolean colours) {
    List<Part> parts = new ArrayList<>();
    parts.add(new Part(status.name(), "\033[1m"));
    if (hasWorkersOnly(status)) {
      parts.add(new Part(workersOnly(status), ""));
      return join(parts, columns, colours);
    }
    percent(status).ifPresent(percent -> parts.add(new Part(percent, "\033[32m")));
    parts.add(new Part(count(status.committedEvents()) + " events", ""));
    parts.add(new Part(count(Math.round(events.perSecond())) + "/s", "\033[36m"));
    timeLeft(status).ifPresent(left -> parts.add(new Part(left + " left", "")));
    slowest(status).ifPresent(lane -> parts.add(new Part(frontiers(status, lane), "")));
    rewinds(status).ifPresent(rewinds -> parts.add(new Part(rewinds, "")));
    runs(status).ifPresent(runs -> parts.add(new Part(runs, "")));
    String waiting = waiting(status);
    if (!waiting.isEmpty()) {
      parts.add(new Part(waiting, "\033[33m"));
    }
    return join(parts, columns, colours);
  }

  /** Renders for a log: everything, in words. */
  String summary(IndexerStatus status) {
    if (hasWorkersOnly(status)) {
      return workersOnly(status);
    }
    List<String> said = new ArrayList<>();
    OptionalLong total = total(status);
    said.add(
        count(status.committedEvents())
            + (total.isPresent() ? " of " + count(total.getAsLong()) : "")
            + " events"
            + percent(status).map(percent -> " (" + percent + ")").orElse(""));
    said.add(count(Math.round(events.perSecond())) + "/s");
    timeLeft(status).ifPresent(left -> said.add(left + " left"));
    slowest(status).ifPresent(lane -> said.add(frontiers(status, lane)));
    rewinds(status).ifPresent(said::add);
    runs(status).ifPresent(said::add);
    String waiting = waiting(status);
    if (!waiting.isEmpty()) {
      said.add(waiting);
    }
    return String.join(", ", said);
  }

  /** True for a process that has workers of jobs and no lane. */
  static boolean hasWorkersOnly(IndexerStatus status) {
    return status.lanes().isEmpty() && status.workers().isPresent();
  }

  private static String workersOnly(IndexerStatus status) {
    if (status.state() == IndexerStatus.State.STARTING) {
      return waiting(status);
    }
    IndexerStatus.Workers workers = status.workers().orElseThrow();
    return "%d of %d workers claim runs, %s"
            .formatted(workers.claiming(), workers.count(), running(workers))
        + (status.state() == IndexerStatus.State.DRAINING ? ", stopping" : "");
  }

  private static String running(IndexerStatus.Workers workers) {
    return count(workers.running()) + (workers.running() == 1 ? " run" : " runs");
  }

  /** Describes the runs of jobs beside an indexer; empty while there are none. */
  private static Optional<String> runs(IndexerStatus status) {
    return status
        .workers()
        .filter(workers -> workers.running() > 0)
        .map(workers -> running(workers) + " of jobs");
  }

  private static String waiting(IndexerStatus status) {
    return switch (status.state()) {
      case STARTING ->
          status.waitingFor().isEmpty() ? "starting" : "waiting for " + status.waitingFor();
      case DRAINING -> "stopping: committing what has run";
      case DONE -> "done";
      case FAILED -> "failed";
      case RUNNING -> slowest(status).map(ProgressLine::waiting).orElse("");
    };
  }

  private static String waiting(Lane lane) {
    if (!lane.waitingFor().isEmpty()) {
      return "waiting for " + lane.waitingFor();
    }
    return lane.caughtUp() ? "caught up" : "";
  }

  /** Finds the lane with the least progress, which is the one that users wait for. */
  private static Optional<Lane> slowest(IndexerStatus status) {
    return status.lanes().stream().min(Comparator.comparingDouble(lane -> share(lane).orElse(2.0)));
  }

  /** Describes one lane; with several chains the line names its chain. */
  private static String frontiers(IndexerStatus status, Lane lane) {
    return (status.lanes().size() > 1 ? "chain " + lane.chain() + ": " : "") + frontiers(lane);
  }

  static Optional<String> rewinds(IndexerStatus status) {
    long rewinds = status.lanes().stream().mapToLong(lane -> lane.rewinds().count()).sum();
    return rewinds == 0
        ? Optional.empty()
        : Optional.of(count(rewinds) + (rewinds == 1 ? " reorg" : " reorgs"));
  }

  private static String frontiers(Lane lane) {
    OptionalLong run = lane.processed().block();
    OptionalLong durable = lane.committed().block();
    if (run.isEmpty()) {
      return "no block yet";
    }
    String of = lane.lastBlock().isPresent() ? " of " + count(lane.lastBlock().getAsLong()) : "";
    String behind =
        durable.equals(run) ? "" : " (" + mirrored(lane) + sanitized(durable) + " durable)";
    return "block " + count(run.getAsLong()) + behind + of;
  }

  /** Describes the frontier in ClickHouse if it differs from the committed one. */
  private static String mirrored(Lane lane) {
    return lane.mirrored()
        .map(Mark::block)
        .filter(block -> !block.equals(lane.committed().block()))
        .map(block -> sanitized(block) + " mirrored, ")
        .orElse("");
  }

  private static String sanitized(OptionalLong block) {
    return block.isPresent() ? count(block.getAsLong()) : "none";
  }

  private Optional<String> percent(IndexerStatus status) {
    if (hasCaughtUp && status.state() == IndexerStatus.State.RUNNING) {
      return Optional.empty();
    }
    OptionalLong total = total(status);
    Optional<Double> share =
        total.isPresent() && total.getAsLong() > 0
            ? Optional.of((double) status.committedEvents() / total.getAsLong())
            : slowest(status).flatMap(ProgressLine::share);
    // Rounded down: 100 % appears only when everything is durable.
    return share.map(part -> "%d %%".formatted((int) Math.floor(100 * Math.clamp(part, 0.0, 1.0))));
  }

  private Optional<String> timeLeft(IndexerStatus status) {
    if (status.state() != IndexerStatus.State.RUNNING || hasCaughtUp) {
      return Optional.empty();
    }
    OptionalLong total = total(status);
    if (total.isPresent()) {
      long left = Math.max(0, total.getAsLong() - status.committedEvents());
      return left == 0 ? Optional.empty() : events.timeFor(left).map(ProgressLine::duration);
    }
    long left = 0;
    for (Lane lane : status.lanes()) {
      if (lane.lastBlock().isEmpty()) {
        return Optional.empty();
      }
      left += Math.max(0, lane.lastBlock().getAsLong() - lane.committed().block().orElse(0));
    }
    return left == 0 ? Optional.empty() : blocks.timeFor(left).map(ProgressLine::duration);
  }

  /** Returns all events of this run, if every lane knows its total. */
  private static OptionalLong total(IndexerStatus status) {
    long total = 0;
    for (Lane lane : status.lanes()) {
      if (lane.totalEvents().isEmpty()) {
        return OptionalLong.empty();
      }
      total += lane.totalEvents().getAsLong();
    }
    return status.lanes().isEmpty() ? OptionalLong.empty() : OptionalLong.of(total);
  }

  private static Optional<Double> share(Lane lane) {
    if (lane.lastBlock().isEmpty() || lane.firstBlock().isEmpty()) {
      return Optional.empty();
    }
    long first = lane.firstBlock().getAsLong();
    long all = lane.lastBlock().getAsLong() - first + 1;
    long done = lane.committed().block().orElse(first - 1) - first + 1;
    return all <= 0 ? Optional.empty() : Optional.of((double) done / all);
  }

  private static String join(List<Part> parts, int columns, boolean colours) {
    StringBuilder line = new StringBuilder();
    int used = 0;
    for (Part part : parts) {
      String gap = used == 0 ? "" : "  ";
      int room = columns - used - gap.length();
      if (room < 2) {
        break;
      }
      boolean fits = part.text().length() <= room;
      String text = fits ? part.text() : part.text().substring(0, room - 1) + "…";
      line.append(gap).append(colours ? styled(text, part.style()) : text);
      used += gap.length() + text.length();
      if (!fits) {
        break;
      }
    }
    return line.toString();
  }

  private static String styled(String text, String style) {
    return style.isEmpty() ? text : style + text + RESET;
  }

  static String count(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  static String duration(Duration duration) {
    long seconds = Math.max(duration.isZero() ? 0 : 1, duration.toSeconds());
    if (seconds < 60) {
      return seconds + "s";
    }
    if (seconds < 3600) {
      return "%dm%02ds".formatted(seconds / 60, seconds % 60);
    }
    return seconds < 86_400
        ? "%dh%02dm".formatted(seconds / 3600, seconds / 60 % 60)
        : "%dd%02dh".formatted(seconds / 86_400, seconds / 3600 % 24);
  }
}
