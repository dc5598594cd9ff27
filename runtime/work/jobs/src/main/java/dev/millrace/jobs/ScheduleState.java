package dev.millrace.jobs;

import java.time.Instant;

/**
 * A schedule, read from its row.
 *
 * @param next the next tick; far in the future if there is none
 */
public record ScheduleState(
    String name, String job, String cron, String zone, String missed, Instant next) {}
