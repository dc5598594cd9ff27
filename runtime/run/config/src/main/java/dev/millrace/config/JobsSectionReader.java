package dev.millrace.config;

import dev.millrace.config.Config.Jobs;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads {@code jobs}. */
final class JobsSectionReader {
  private static final int MAX_WORKERS = 64;
  private static final int MAX_CONCURRENCY = 10_000;
  private static final String QUEUE = "letters, digits and . _ : -, at most 100 of them";
  private static final String FOREVER = "forever";
  private static final Duration MAX_RETENTION = Duration.ofDays(36_500);

  private final List<ConfigProblem> problems;

  JobsSectionReader(List<ConfigProblem> problems) {
    this.problems = problems;
  }

  Jobs read(ConfigSection section) {
    return new Jobs(
        section.number("workers", 0, MAX_WORKERS).orElse((long) Jobs.DEFAULTS.workers()).intValue(),
        concurrency(section),
        queues(section),
        section.duration("lease", Duration.ofSeconds(1), Duration.ofHours(1)),
        section.duration("drain", Duration.ZERO, Duration.ofHours(1)),
        retention(section));
  }

  private static OptionalInt concurrency(ConfigSection section) {
    return section
        .number("concurrency", 1, MAX_CONCURRENCY)
        .map(number -> OptionalInt.of(number.intValue()))
        .orElse(OptionalInt.empty());
  }

  private Map<String, Integer> queues(ConfigSection jobs) {
    List<ConfigNode> items = jobs.items("queues");
    Map<String, Integer> queues = new HashMap<>();
    Map<String, String> seen = new HashMap<>();
    for (int i = 0; i < items.size(); i++) {
      String path = jobs.path("queues") + "[" + i + "]";
      ConfigSection section = new ConfigSection(items.get(i), path, problems);
      section.require("name", "the name of a queue: " + QUEUE);
      section.require("concurrency", "a whole number from 1 to " + MAX_CONCURRENCY);
      OptionalInt concurrency = concurrency(section);
      Optional<ConfigNode.Text> name = section.scalar("name");
      if (name.isEmpty()) {
        continue;
      }
      String queue = name.get().value();
      if (!queue.matches("[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")) {
        section.report("name", name.get(), "is not a name: value=" + name.get().shown(), QUEUE);
      }
      String first = seen.putIfAbsent(queue, path);
      if (first != null) {
        section.reportKey(
            "name", "is the name of " + first + " too: value=" + queue, "each queue once");
      }
      concurrency.ifPresent(number -> queues.put(queue, number));
    }
    return queues;
  }

  private static Optional<Duration> retention(ConfigSection section) {
    if (section.text("retention").filter(FOREVER::equals).isPresent()) {
      return Optional.empty();
    }
    Optional<Duration> age =
        section.duration("retention", Duration.ofMinutes(1), MAX_RETENTION, FOREVER);
    return section.mentions("retention") ? age : Jobs.DEFAULTS.retention();
  }
}
