package dev.millrace.lane;

import dev.millrace.loaders.MillraceException;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.ExecutedBatch;
import dev.millrace.pipeline.Frontier;
import dev.millrace.pipeline.Source;
import org.jspecify.annotations.Nullable;

/**
 * An entry of the ring. Each stage writes its own fields before it releases the slot to the next,
 * so the ring's sequences are all the synchronization there is.
 */
final class RingSlot {
  enum Content {
    BATCH,
    /** A reorg has replaced blocks that were delivered before. */
    REWIND,
    /** The stream has ended, or was asked to: nothing follows. */
    END,
    /** The source or a stage has failed: later slots are discarded. */
    FAILED
  }

  // Written by the fetch thread.
  Content content = Content.END;
  long number;
  @Nullable Batch batch;
  @Nullable MillraceException failure;

  /** The last block that still counts; null if none does. */
  Source.@Nullable BlockRef rewindTarget;

  /** Rewinds to the committed frontier, because of a handler and not of the source. */
  boolean toCommitted;

  /** Frontier after a rewind. Set on the first batch that follows it. */
  @Nullable Frontier resumedAt;

  // Written by the execute thread.
  @Nullable ExecutedBatch executed;
  boolean skipped;
  long executeStart;
  long executeEnd;
  long stalledNanos;
  String stalledBy = "";

  void load(long batchNumber, Batch next, @Nullable Frontier resumed) {
    clear();
    content = Content.BATCH;
    number = batchNumber;
    batch = next;
    resumedAt = resumed;
  }

  void rewind(long batchNumber, Source.@Nullable BlockRef to) {
    clear();
    content = Content.REWIND;
    number = batchNumber;
    rewindTarget = to;
  }

  void rewindToCommitted(long batchNumber) {
    rewind(batchNumber, null);
    toCommitted = true;
  }

  void end(long batchNumber) {
    clear();
    content = Content.END;
    number = batchNumber;
  }

  void fail(long batchNumber, MillraceException why) {
    clear();
    content = Content.FAILED;
    number = batchNumber;
    failure = why;
  }

  // Written by the mirror thread.
  boolean mirrored;
  long mirrorStart;
  long mirrorEnd;

  // Written by the commit thread.
  boolean released;

  /** Replaces the batch by the failure that kept it from running. */
  void fail(MillraceException why) {
    content = Content.FAILED;
    failure = why;
    executed = null;
  }

  /** Returns the times of an executed batch, for the commit that wrote it. */
  BatchTiming timing(ExecutedBatch batch, long group, long commitStart, long commitEnd) {
    return new BatchTiming(
        number,
        batch.batch().events().size(),
        batch.changes().size(),
        batch.changes().bytes(),
        stalledNanos,
        stalledBy,
        executeStart,
        executeEnd,
        mirrorStart,
        mirrorEnd,
        commitStart,
        commitEnd,
        group);
  }

  /** Drops references, so that an idle ring holds no events. */
  void clear() {
    batch = null;
    failure = null;
    executed = null;
    rewindTarget = null;
    toCommitted = false;
    resumedAt = null;
    skipped = false;
    mirrored = false;
    mirrorStart = 0;
    mirrorEnd = 0;
    released = false;
    stalledNanos = 0;
    stalledBy = "";
  }
}
