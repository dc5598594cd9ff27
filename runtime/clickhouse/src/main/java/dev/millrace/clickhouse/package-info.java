/**
 * The copy of an indexer's rows in ClickHouse, which shows exactly what PostgreSQL has committed.
 *
 * <p>Rows are only ever added. Whether one can be seen is decided by the end of its epoch, which
 * PostgreSQL owns and this repeats.
 */
@NullMarked
package dev.millrace.clickhouse;

import org.jspecify.annotations.NullMarked;
