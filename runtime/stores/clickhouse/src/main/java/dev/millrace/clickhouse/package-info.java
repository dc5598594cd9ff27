/**
 * The copy of an indexer's rows in ClickHouse, which shows exactly what PostgreSQL has committed.
 *
 * <p>Rows are only ever added. The visibility of a row depends on the end of its epoch, which
 * PostgreSQL owns and this module repeats.
 */
@NullMarked
package dev.millrace.clickhouse;

import org.jspecify.annotations.NullMarked;
