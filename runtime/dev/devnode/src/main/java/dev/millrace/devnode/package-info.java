/**
 * Nodes that serve a generated chain over JSON-RPC, with the faults that a test or a user sets.
 *
 * <p>A node writes logs straight into the bytes of its answers. It is an HTTP and WebSocket server
 * for tests and demonstrations, never for production.
 */
@NullMarked
package dev.millrace.devnode;

import org.jspecify.annotations.NullMarked;
