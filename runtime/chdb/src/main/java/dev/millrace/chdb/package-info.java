/**
 * ClickHouse's engine as a library, behind ClickHouse's own HTTP interface, as a process of its
 * own.
 *
 * <pre>
 *   client ──▶ HttpServer ──▶ QueryHandler ──statement──▶ Engine (libchdb)
 *                   │               rows and data             ▲
 *                   └────────────────── Pipe ─────────────────┘   opened as /dev/fd/N
 * </pre>
 *
 * <p>The library runs in the process that loads it and takes that process with it when it crashes,
 * so it never runs where an indexer does. A statement is handed over whole; the rows it returns and
 * the data it inserts go through a pipe that the engine opens as a file, so neither is ever held.
 *
 * <p>What a server has and this has not: sessions, external tables, {@code CREATE USER} (users come
 * from a file), {@code system.query_log} and clusters. Nothing here knows another module of
 * Millrace.
 */
@NullMarked
package dev.millrace.chdb;

import org.jspecify.annotations.NullMarked;
