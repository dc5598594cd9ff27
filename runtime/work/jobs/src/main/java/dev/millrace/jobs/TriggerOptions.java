package dev.millrace.jobs;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * The options of one trigger.
 *
 * @param delay time until the run may start
 * @param deadline time until the run fails unless it has ended
 * @param idempotencyKey at most one run of the job ever has this key
 */
public record TriggerOptions(
    Duration delay,
    Optional<Duration> deadline,
    OptionalInt priority,
    Optional<String> idempotencyKey,
    Map<String, String> labels) {
  private static final TriggerOptions NONE =
      new TriggerOptions(
          Duration.ZERO, Optional.empty(), OptionalInt.empty(), Optional.empty(), Map.of());

  public TriggerOptions {
    if (delay.isNegative() || deadline.map(time -> time.isNegative()).orElse(false)) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "delay and deadline must not be negative: delay=%s%s"
              .formatted(delay, deadline.map(time -> " deadline=" + time).orElse("")));
    }
    labels = Map.copyOf(labels);
  }

  public static TriggerOptions none() {
    return NONE;
  }

  public TriggerOptions delay(Duration time) {
    return new TriggerOptions(time, deadline, priority, idempotencyKey, labels);
  }

  public TriggerOptions deadline(Duration time) {
    return new TriggerOptions(delay, Optional.of(time), priority, idempotencyKey, labels);
  }

  public TriggerOptions priority(int value) {
    return new TriggerOptions(delay, deadline, OptionalInt.of(value), idempotencyKey, labels);
  }

  public TriggerOptions idempotencyKey(String key) {
    return new TriggerOptions(delay, deadline, priority, Optional.of(key), labels);
  }

  public TriggerOptions label(String name, String value) {
    Map<String, String> more = new TreeMap<>(labels);
    more.put(name, value);
    return new TriggerOptions(delay, deadline, priority, idempotencyKey, more);
  }
}
