package dev.millrace.app;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.jobs.Run;
import dev.millrace.jobs.RunEvent;
import dev.millrace.jobs.RunStep;
import java.io.IOException;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Runs and their events in words. */
final class RunText {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);

  private RunText() {}

  /** Returns the time from the first start of a run to its end; a dash if it has not both. */
  static String took(Run run) {
    if (run.startedAt().isEmpty() || run.finishedAt().isEmpty()) {
      return "-";
    }
    Duration time = Duration.between(run.startedAt().get(), run.finishedAt().get());
    return time.toSeconds() >= 60
        ? ProgressLine.duration(time)
        : String.format(Locale.ROOT, "%.1fs", time.toMillis() / 1e3);
  }

  /** Returns the one fact about a run that a list has room for. */
  static String remark(Run run) {
    return switch (run.state()) {
      case FAILED -> error(run);
      case CANCELED -> "";
      case SUCCEEDED -> run.failures() == 0 ? "" : "after " + attempts(run);
      case RUNNING -> run.progress().map(RunText::progress).orElse("");
      case PENDING ->
          run.waitsFor()
              .map(step -> "waits for " + step)
              .orElse(run.failures() == 0 ? "" : "waits for a retry after " + attempts(run));
    };
  }

  private static String attempts(Run run) {
    return run.failures() + (run.failures() == 1 ? " failed attempt" : " failed attempts");
  }

  static String progress(Run.Progress progress) {
    String of = progress.total().map(total -> "/" + ProgressLine.count(total)).orElse("");
    String message = progress.message().isEmpty() ? "" : " " + progress.message();
    return ProgressLine.count(progress.done()) + of + message;
  }

  /** Returns code and message of the error of a run; empty if it has none. */
  static String error(Run run) {
    return run.error().map(RunText::errorText).orElse("");
  }

  private static String errorText(String json) {
    try {
      JsonNode error = JSON.readTree(json);
      return error.path("code").asText() + ": " + error.path("message").asText();
    } catch (IOException _) {
      return json;
    }
  }

  static String event(RunEvent event) {
    List<String> parts = new ArrayList<>();
    parts.add(TIME.format(event.at()));
    if (!event.type().equals(RunEvent.LOG)) {
      parts.add(event.type());
    }
    if (event.step() != null) {
      parts.add(event.step());
    }
    if (event.message() != null) {
      parts.add(event.message());
    } else if (event.data() != null) {
      parts.add(event.data());
    }
    return String.join("  ", parts);
  }

  static String step(RunStep step) {
    String items =
        step.items().entrySet().stream()
            .sorted(Map.Entry.comparingByKey())
            .map(entry -> ProgressLine.count(entry.getValue()) + " " + entry.getKey())
            .reduce((left, right) -> left + ", " + right)
            .orElse("");
    return "%-8s %-7s %-24s %s"
        .formatted(
            step.kind().toLowerCase(Locale.ROOT),
            step.finished() ? "done" : "waits",
            step.name(),
            items.isEmpty() ? step.output().orElse("") : items);
  }
}
