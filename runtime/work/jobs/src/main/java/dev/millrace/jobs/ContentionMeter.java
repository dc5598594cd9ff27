package dev.millrace.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.postgres.client.PostgresErrors;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Counts what a run has met of contention, by resource: events, retries, time in pauses, given up.
 * Kept with the run over crashes and waits. Confined to the thread of the handler.
 */
final class ContentionMeter {
  private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
  private static final Duration MAX_PAUSE = Duration.ofSeconds(2);
  private static final int MAX_RETRIES = 6;

  // Lock not available, lock or statement time-outs, serialization failures, deadlocks.
  private static final Set<String> CONTENDED =
      Set.of("55P03", "57014", "40001", "40P01", "55006", "53300");

  private final Map<String, Counts> byResource = new TreeMap<>();

  private static final class Counts {
    private long events;
    private long retries;
    private long waitMillis;
    private long gaveUp;
  }

  ContentionMeter(Optional<String> earlier) {
    earlier.ifPresent(text -> {
      for (Map.Entry<String, JsonNode> resource : JobJson.tree(text).properties()) {
        Counts counts = new Counts();
        counts.events = resource.getValue().path("events").asLong();
        counts.retries = resource.getValue().path("retries").asLong();
        counts.waitMillis = resource.getValue().path("waitMillis").asLong();
        counts.gaveUp = resource.getValue().path("gaveUp").asLong();
        byResource.put(resource.getKey(), counts);
      }
    });
  }

  /** Calls the body, and again after pauses while it meets contention. */
  <T extends @Nullable Object> T call(String resource, Callable<T> body) throws Exception {
    Duration pause = FIRST_PAUSE;
    for (int retries = 0; ; retries++) {
      try {
        return body.call();
      } catch (Exception failed) {
        if (!isContention(failed)) {
          throw failed;
        }
        Counts counts = byResource.computeIfAbsent(resource, _ -> new Counts());
        counts.events++;
        if (retries == MAX_RETRIES) {
          counts.gaveUp++;
          throw failed;
        }
        long nanos = (long) (pause.toNanos() * ThreadLocalRandom.current().nextDouble(0.5, 1.5));
        counts.retries++;
        counts.waitMillis += nanos / 1_000_000;
        LockSupport.parkNanos(nanos);
        if (Thread.currentThread().isInterrupted()) {
          counts.gaveUp++;
          throw failed;
        }
        pause = pause.multipliedBy(2);
        pause = pause.compareTo(MAX_PAUSE) > 0 ? MAX_PAUSE : pause;
      }
    }
  }

  private static boolean isContention(Throwable failed) {
    SQLException sql = PostgresErrors.sql(failed);
    if (sql != null) {
      return CONTENDED.contains(PostgresErrors.state(sql));
    }
    return failed instanceof MillraceException known && known.remedy() == Remedy.RETRY;
  }

  boolean isEmpty() {
    return byResource.isEmpty();
  }

  boolean hasGivenUp() {
    return byResource.values().stream().anyMatch(counts -> counts.gaveUp > 0);
  }

  /** The counts as JSON; null if there was no contention. */
  @Nullable String json() {
    if (byResource.isEmpty()) {
      return null;
    }
    ObjectNode all = JobJson.mapper().createObjectNode();
    byResource.forEach((resource, counts) ->
        all.putObject(resource)
            .put("events", counts.events)
            .put("retries", counts.retries)
            .put("waitMillis", counts.waitMillis)
            .put("gaveUp", counts.gaveUp));
    return all.toString();
  }

  /** The summary of a run in one line. */
  String summary() {
    return byResource.entrySet().stream()
        .map(resource ->
            "%s: events=%d retries=%d totalWait=%dms gaveUp=%d"
                .formatted(
                    resource.getKey(),
                    resource.getValue().events,
                    resource.getValue().retries,
                    resource.getValue().waitMillis,
                    resource.getValue().gaveUp))
        .collect(Collectors.joining("; "));
  }
}
