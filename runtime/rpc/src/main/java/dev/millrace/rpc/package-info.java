/**
 * The endpoints of one chain, spoken to as one.
 *
 * <pre>
 *   Node ──▶ Endpoints ──▶ Endpoint ──▶ Transport ──▶ a socket
 *   asks     chooses       what it       HTTP or
 *   again    by latency    can do        WebSocket
 *                                           │
 *   LogColumns ◀── LogReader ◀── JsonInput ◀┘ bytes, as they arrive
 * </pre>
 *
 * <p>Whatever nodes really do ends here: limits of ranges, of rates and of sizes, torn replies,
 * wrong chains. What comes out is complete for the blocks that it names, or it does not come.
 *
 * <p>Nothing here knows what the chain was a moment ago: order, branches and finality are the
 * caller's.
 */
@NullMarked
package dev.millrace.rpc;

import org.jspecify.annotations.NullMarked;
