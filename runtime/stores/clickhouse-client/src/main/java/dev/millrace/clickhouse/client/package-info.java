/**
 * Access to one ClickHouse database: requests with deadlines, errors with remedies, and rows in the
 * RowBinary format.
 *
 * <p>Nothing here knows a lane or a table of Millrace.
 */
@NullMarked
package dev.millrace.clickhouse.client;

import org.jspecify.annotations.NullMarked;
