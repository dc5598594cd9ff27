/**
 * Access to the endpoints of one chain as if they were one node.
 *
 * <pre>
 *   ChainNode ──▶ EndpointSelector ──▶ Endpoint ──▶ JsonRpcTransport ──▶ a socket
 *   asks          chooses              what it      HTTP or
 *   again         by latency           can do       WebSocket
 *                                                       │
 *   LogColumns ◀── LogReplyReader ◀── JsonStreamReader ◀┘ bytes, as they arrive
 * </pre>
 *
 * <p>The faults of real nodes end here: limits of ranges, of rates and of sizes, torn replies,
 * wrong chains. A result is complete for the blocks that it names, or there is no result. The texts
 * by which nodes refuse, and the reactions to them, are rows of {@code getlogs-errors.tsv}, which
 * {@code NodeErrorTable} reads.
 *
 * <p>Nothing here remembers the chain: order, branches and finality are the caller's.
 */
@NullMarked
package dev.millrace.rpc;

import org.jspecify.annotations.NullMarked;
