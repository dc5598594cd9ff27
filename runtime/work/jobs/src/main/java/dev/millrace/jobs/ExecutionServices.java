package dev.millrace.jobs;

import javax.sql.DataSource;

/**
 * The services of a worker that its executions share.
 *
 * @param pool connections for reads, and for the fenced transactions of fan-outs and triggers
 */
record ExecutionServices(
    RunWriter writer,
    DataSource pool,
    TriggerStatements triggers,
    String channel,
    ComputePool compute,
    JobSecrets secrets) {}
