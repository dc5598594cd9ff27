/**
 * The copy of an indexer's rows in ClickHouse, which shows exactly what PostgreSQL has committed.
 *
 * <p>Rows are only ever added. The visibility of a row depends on the end of its epoch, which
 * PostgreSQL owns and this module repeats.
 *
 * <p>Users query views ({@code MirrorViews}, {@code AsOfViews}): {@code <entity>}, {@code
 * <entity>_history}, {@code <entity>_at}, {@code <entity>_at_block} and {@code <entity>_at_time}.
 * They filter the rows of {@code millrace_rows_<entity>}, read through {@code
 * millrace_all_<entity>}, by the ends in {@code millrace_ends}.
 *
 * <p>Nothing stops a process that lost its lane from inserting. Its rows that PostgreSQL has not
 * committed lie above the end of its epoch, and its publications lose against those of its
 * successor ({@link dev.millrace.pipeline.EpochEnds}). What its {@code Housekeeping} still deletes
 * lies in epochs that were closed when it learned their ends: rows above an end, which no reader
 * sees, and of entities with {@code versions = LATEST} those below the last final checkpoint that a
 * later final version has superseded.
 */
@NullMarked
package dev.millrace.clickhouse;

import org.jspecify.annotations.NullMarked;
