/**
 * A private PostgreSQL or ClickHouse that runs as a child process and ends with its last user.
 *
 * <pre>
 *   user JVM ──holds a shared lock──▶ users.lock ◀──tries an exclusive lock── supervisor JVM
 *      └─ reads server.properties ◀──────── publishes where it listens ──────────┤
 *                                                postgres, or the JVM of chdb ◀── child process
 * </pre>
 *
 * <p>The first user of a directory makes what its server needs ({@code Recipe}) and launches a
 * supervisor in a session of its own; whoever comes later finds the server running and joins. The
 * kernel drops a user's lock however it dies, so the supervisor needs nobody's good-bye: when it
 * can lock {@code users.lock} for itself for a few seconds, nobody is left and it stops the server.
 * A server that dies under its users it starts again, on the same port.
 *
 * <p>Nothing here speaks SQL over a connection or knows another module of Millrace; of chdb it
 * copies the classes.
 */
@NullMarked
package dev.millrace.embedded;

import org.jspecify.annotations.NullMarked;
