/**
 * The staged store that handlers read and write, and the loads that fill it.
 *
 * <pre>
 *   save, delete ──▶ StagedStore ──freeze──▶ ChangeSet ──▶ (commit)
 *   find, query  ──▶ StagedStore ──miss───▶ GroupedLoadRound ──▶ Reads (database)
 * </pre>
 *
 * <p>While one group commits, handlers of later batches must see its writes. The staged store keeps
 * every uncommitted change in memory, so a load that misses memory may query the database at any
 * time and never waits for a commit.
 *
 * <p>This module opens no connection and starts no thread; the pipeline supplies both sides.
 */
@NullMarked
package dev.millrace.staging;

import org.jspecify.annotations.NullMarked;
