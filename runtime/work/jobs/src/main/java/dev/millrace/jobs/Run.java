package dev.millrace.jobs;

import java.time.Instant;
import java.util.Optional;

/**
 * A run, read from its row.
 *
 * @param waitsFor the step that a run which has started waits for
 * @param error JSON with {@code code} and {@code message}
 */
public record Run(
    long id,
    String job,
    String queue,
    RunState state,
    int failures,
    int lostClaims,
    Instant createdAt,
    Instant dueAt,
    Optional<Instant> startedAt,
    Optional<Instant> finishedAt,
    boolean cancelAsked,
    Optional<String> waitsFor,
    Optional<Long> retryOf,
    Optional<Long> parent,
    String input,
    Optional<String> output,
    Optional<String> error,
    Optional<String> contention,
    Optional<Progress> progress) {
  /** The last progress that a handler has set. */
  public record Progress(long done, Optional<Long> total, String message) {}
}
