package dev.millrace.pipeline;

/**
 * When one batch passed each stage. Times are nanoseconds of one clock with an arbitrary start.
 *
 * @param changes rows changed in memory
 * @param bytes heap of its change set
 * @param stalledNanos how long execute waited for room before it ran
 * @param stalledBy what it waited for last, {@code depth} or {@code bytes}; empty if it did not
 *     wait
 * @param mirrorStart 0 without a mirror, as {@code mirrorEnd}; batches copied together share both
 * @param group number of the commit it was part of; batches of one group share its times
 */
public record BatchTiming(
    long batch,
    int events,
    int changes,
    long bytes,
    long stalledNanos,
    String stalledBy,
    long executeStart,
    long executeEnd,
    long mirrorStart,
    long mirrorEnd,
    long commitStart,
    long commitEnd,
    long group) {}
