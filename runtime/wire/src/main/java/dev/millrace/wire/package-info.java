/**
 * JSON-RPC over sockets: HTTP with connections that are kept, and WebSocket.
 *
 * <pre>
 *   Call ──▶ Transport ──▶ HttpTransport ──▶ HttpConnection ─┐
 *   text                   SocketTransport ─▶ SocketLink ────┤ Dial: TCP, TLS
 *                                                            │
 *   a value ◀── ReplyReader ◀── JsonInput ◀── bytes as they arrive
 * </pre>
 *
 * <p>A reply is parsed while it arrives, from one buffer that is used again: no text, no tree, and
 * no copy of it is ever held. A call is made once: who waits, tries again or asks elsewhere is
 * above. Every way in which a call may fail is a {@link dev.millrace.wire.Trouble}.
 *
 * <p>No address appears in a message beyond its scheme, host and port: what follows may be a key.
 */
@NullMarked
package dev.millrace.wire;

import org.jspecify.annotations.NullMarked;
