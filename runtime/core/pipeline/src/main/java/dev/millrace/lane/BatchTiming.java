package dev.millrace.lane;

/**
 * Times at which one batch passed each stage: nanoseconds of one clock with an arbitrary start.
 *
 * @param changes rows changed in memory
 * @param bytes heap of the change set
 * @param stalledNanos time that execute waited for room before it ran the batch
 * @param stalledBy last cause of that wait, {@code depth} or {@code bytes}; empty without a wait
 * @param mirrorStart 0 without a mirror, as {@code mirrorEnd}; batches copied together share both
 * @param group number of the commit that wrote the batch; batches of one group share its times
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
