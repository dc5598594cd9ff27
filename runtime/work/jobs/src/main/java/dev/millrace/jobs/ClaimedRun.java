package dev.millrace.jobs;

import java.time.Duration;
import java.util.Optional;

/**
 * A run that this worker owns.
 *
 * @param token fences earlier owners; rises with every claim
 * @param failures attempts that were spent
 * @param interruptions errors of the infrastructure in a row
 * @param deadline the time that is left
 */
record ClaimedRun(
    long id,
    String job,
    String queue,
    long token,
    int failures,
    int interruptions,
    Optional<Duration> deadline,
    boolean cancelAsked,
    String input,
    Optional<String> contention,
    boolean mayHaveSteps,
    Optional<EventOrigin> origin) {}
