/**
 * Durable jobs in PostgreSQL.
 *
 * <pre>
 * JobClient ── trigger, signal, cancel, retry ──▶ run, event (tables) ◀── claim ── WorkerIncarnation
 *                                                     ▲                               │
 *                                                 RunWriter ◀── steps, ends ── RunExecution (a handler)
 * </pre>
 *
 * <p>A {@link dev.millrace.jobs.Job} is a definition; a <em>run</em> is one durable execution of
 * it, a row. A {@link dev.millrace.jobs.JobWorker} is one incarnation of a process that claims
 * runs. It lives while {@link dev.millrace.jobs.WorkerSession} renews its row, and all that it
 * writes asks for the claim token of the run, which rises with every claim, and for the state
 * RUNNING, which a sweep of dead workers ends: zero rows updated means that the claim is lost. All
 * times are the database's.
 */
@NullMarked
package dev.millrace.jobs;

import org.jspecify.annotations.NullMarked;
