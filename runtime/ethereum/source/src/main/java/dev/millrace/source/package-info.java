/**
 * A chain as a source of events.
 *
 * <pre>
 *   ChainNode ─▶ RangeScheduler ──▶ ChainEventDecoder ──▶ ChainFeed ──▶ Batch, Rewind
 *               final blocks,      logs to events        whole blocks
 *               many at once                             in order
 *           ──▶ HeadFollower ────▶
 *               block by block,
 *               ReorgDetector looks back
 * </pre>
 *
 * <p>This package is about order: every block once, none split, none skipped, and none delivered as
 * final before the branch that it is on is known to be the node's. Access to endpoints and the
 * meaning of logs are no concern of this package.
 */
@NullMarked
package dev.millrace.source;

import org.jspecify.annotations.NullMarked;
