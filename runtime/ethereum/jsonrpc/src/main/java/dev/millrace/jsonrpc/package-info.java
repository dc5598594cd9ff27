/**
 * JSON-RPC over sockets: HTTP with persistent connections, and WebSocket.
 *
 * <pre>
 *   JsonRpcCall ──▶ HttpTransport ──────▶ HttpConnection ──────┐
 *                   WebSocketTransport ─▶ WebSocketConnection ─┤ SocketConnector: TCP, TLS
 *                                                              │
 *   a value ◀── JsonRpcResultReader ◀── JsonStreamReader ◀── bytes as they arrive
 * </pre>
 *
 * <p>A reply is parsed while it arrives, from one buffer that is reused: no text, no tree, and no
 * copy of it is ever held. A call is made once: waiting, retries and failover are left to the layer
 * above. Every way in which a call may fail is a {@link dev.millrace.jsonrpc.RpcCallException}.
 *
 * <p>Messages show an address only up to its port: the rest may be a key.
 */
@NullMarked
package dev.millrace.jsonrpc;

import org.jspecify.annotations.NullMarked;
