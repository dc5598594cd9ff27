/**
 * What handlers read and write: entities, their column types, the staged store and the loads that
 * fill it.
 *
 * <pre>
 *   save, delete ──▶ StagedStore ──freeze──▶ ChangeSet ──▶ (commit)
 *   find, query  ──▶ StagedStore ──miss───▶ LoadRound ──▶ Reads (database)
 * </pre>
 *
 * <p>While one group commits, handlers of later batches must see its writes. The staged store keeps
 * every uncommitted change in memory, so a load that misses memory may ask the database at any time
 * and never waits for a commit.
 *
 * <p>Nothing here opens a connection or starts a thread; the pipeline supplies both sides.
 */
@NullMarked
package dev.millrace.loaders;

import org.jspecify.annotations.NullMarked;
