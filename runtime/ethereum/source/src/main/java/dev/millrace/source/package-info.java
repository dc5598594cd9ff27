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
 * <p>This package is about order: every block once, none split, none skipped, and none delivered as
 * final before the branch that it is on is known to be the node's. Access to endpoints and the
 * meaning of logs are no concern of this package.
 */
@NullMarked
package dev.millrace.source;

import org.jspecify.annotations.NullMarked;
