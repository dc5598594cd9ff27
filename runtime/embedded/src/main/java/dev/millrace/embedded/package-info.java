/**
 * A private PostgreSQL that runs as a child process and ends with its last user.
 *
 * <pre>
 *   user JVM ──holds a shared lock──▶ users.lock ◀──tries an exclusive lock── supervisor JVM
 *      └─ reads server.properties ◀──────── publishes where it listens ──────────┤
 *                                                                  postgres ◀── child process
 * </pre>
 *
 * <p>The first user of a directory unpacks the binaries, makes the cluster and launches a
 * supervisor in a session of its own; whoever comes later finds the server running and joins. The
 * kernel drops a user's lock however it dies, so the supervisor needs nobody's good-bye: when it
 * can lock {@code users.lock} for itself for a few seconds, nobody is left and it stops PostgreSQL.
 *
 * <p>Nothing here speaks SQL over a connection or knows another module of Millrace.
 */
@NullMarked
package dev.millrace.embedded;

import org.jspecify.annotations.NullMarked;
