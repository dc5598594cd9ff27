/**
 * ClickHouse's engine as a library, behind ClickHouse's own HTTP interface, as a process of its
 * own.
 *
 * <p>The library runs in the process that loads it and takes that process with it when it crashes,
 * so it never runs where an indexer does. Nothing here knows another module of Millrace.
 */
@NullMarked
package dev.millrace.chdb;

import org.jspecify.annotations.NullMarked;
