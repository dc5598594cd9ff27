package dev.millrace.jobs;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** A run that is to be inserted, with everything that its trigger has decided. */
record NewRun(
    Job<?, ?> job,
    int priority,
    Duration delay,
    @Nullable Duration deadline,
    Keys keys,
    @Nullable Origin origin,
    String input,
    @Nullable String labels) {
  /** The keys of a run. */
  record Keys(
      @Nullable String exclusive,
      boolean serial,
      @Nullable String coalescing,
      @Nullable String idempotency) {
    /** An index of PostgreSQL takes no row of more than 2,704 bytes. */
    private static final int MAX_BYTES = 1_000;

    private static final int KEPT = 100;

    Keys {
      exclusive = fitted(exclusive);
      coalescing = fitted(coalescing);
      idempotency = fitted(idempotency);
    }

    /**
     * Returns a key that can be stored: of one that is too long, or has a character of code zero,
     * the beginning and a hash. Keys come from inputs, and those from a chain: one of them must not
     * end all claims.
     */
    private static @Nullable String fitted(@Nullable String key) {
      if (key == null || (key.length() <= MAX_BYTES / 3 && key.indexOf('\0') < 0)) {
        return key;
      }
      byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
      if (bytes.length <= MAX_BYTES && key.indexOf('\0') < 0) {
        return key;
      }
      String kept = key.substring(0, Math.min(KEPT, key.length())).replace('\0', ' ');
      return kept + "…" + sha256(bytes);
    }

    private static String sha256(byte[] bytes) {
      try {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
      } catch (NoSuchAlgorithmException impossible) {
        throw new IllegalStateException("every JDK has SHA-256", impossible);
      }
    }
  }

  /** The run that this one belongs to as an item, or that it retries. */
  record Origin(
      @Nullable Long parent,
      @Nullable String parentStep,
      @Nullable String itemKey,
      @Nullable Long retryOf) {}

  static <I> NewRun of(Job<I, ?> job, I input, TriggerOptions options) {
    String named = options.idempotencyKey().orElse(null);
    return new NewRun(
        job,
        options.priority().orElse(job.priority()),
        options.delay(),
        options.deadline().orElse(null),
        new Keys(
            job.exclusiveKey(input),
            job.isSerial(),
            job.coalescingKeyOf(input),
            named == null ? job.idempotencyKeyOf(input) : named),
        null,
        encode(job, input),
        options.labels().isEmpty() ? null : JobJson.encode(options.labels(), "labels"));
  }

  /** An item of a run. Keys that would replace it by another run do not apply. */
  static <I> NewRun item(Job<I, ?> job, I input, Origin origin) {
    return new NewRun(
        job,
        job.priority(),
        Duration.ZERO,
        null,
        new Keys(job.exclusiveKey(input), job.isSerial(), null, null),
        origin,
        encode(job, input),
        null);
  }

  private static <I> String encode(Job<I, ?> job, I input) {
    return JobJson.encode(input, "input of job " + job.name());
  }

  /** True if a worker may claim the run without a look at keys or the clock. */
  boolean isReady() {
    return keys.exclusive() == null && delay.isZero();
  }
}
