/**
 * A chain as a source of events.
 *
 * <pre>
 *   Node ──▶ Ranges ─────▶ Decoder ──▶ ChainFeed ──▶ Batch, Rewind
 *            final blocks,  logs to     whole blocks
 *            many at once   events      in order
 *        ──▶ Follower ───▶
 *            block by block,
 *            Reorgs looks back
 * </pre>
 *
 * <p>Everything here is about order: every block once, none split, none skipped, and none told as
 * final before the branch that it is on is known to be the node's. How endpoints are spoken to is
 * no concern of this package; what a log means is neither.
 */
@NullMarked
package dev.millrace.chain;

import org.jspecify.annotations.NullMarked;
