/**
 * A private PostgreSQL or ClickHouse that runs as a child process and ends with its last user.
 *
 * <pre>
 *   user JVM ──holds a shared lock──▶ users.lock ◀──tries an exclusive lock── supervisor JVM
 *      └─ reads server.properties ◀──────── publishes where it listens ──────────┤
 *                                                postgres, or the JVM of chdb ◀── child process
 * </pre>
 *
 * <p>The first user of a directory prepares the server ({@code ServerInstaller}) and launches a
 * supervisor in a session of its own; later users find the server running and join. The kernel
 * drops a user's lock however it dies, so users need not sign off: when the supervisor can lock
 * {@code users.lock} exclusively for a few seconds, no user is left and it stops the server. A
 * server that dies under its users is started again on the same port.
 *
 * <p>This module uses no SQL connection and depends on no other module of Millrace; it only copies
 * the classes of chdb.
 */
@NullMarked
package dev.millrace.servers;

import org.jspecify.annotations.NullMarked;
