/**
 * ClickHouse as a process of its own: its library, loaded into a JVM that does nothing else.
 *
 * <pre>
 *   supervisor ──stdin──▶ ChdbServer ──chdb_query_cmdline──▶ libchdb ◀──HTTP, native── clients
 *                              └──────── stop.fifo ─────────────┘
 * </pre>
 *
 * <p>The library opens ClickHouse's own HTTP and native ports by a statement, and serves them while
 * a second statement waits for the end of a FIFO. So protocols, users, formats and settings are
 * ClickHouse's own. The library runs in the process that loads it and takes that process with it
 * when it crashes, so it never runs in the process of an indexer. This module depends on no other
 * module of Millrace.
 */
@NullMarked
package dev.millrace.chdb;

import org.jspecify.annotations.NullMarked;
