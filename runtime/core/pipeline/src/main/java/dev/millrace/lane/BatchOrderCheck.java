package dev.millrace.lane;

import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.ExecutedBatch;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceBlock;
import org.jspecify.annotations.Nullable;

/**
 * Refuses a batch that does not follow the last one: by its number, which has no gaps, and by its
 * blocks, as far as they name their parents. The committed batches are therefore exactly those that
 * the source delivered, without a hole, despite failures on the way.
 *
 * <p>Confined to the commit thread.
 */
final class BatchOrderCheck {
  private long number;
  private Source.@Nullable BlockRef last;

  BatchOrderCheck(Source.@Nullable BlockRef opened) {
    last = opened;
  }

  /** Accepts the next batch to become durable, or throws. */
  void take(ExecutedBatch executed) {
    Batch batch = executed.batch();
    if (executed.number() != number + 1) {
      throw new MillraceException(
          Remedy.REPORT_BUG,
          "batch does not follow the last one: batch=%d last=%d"
              .formatted(executed.number(), number));
    }
    Source.BlockRef before = last;
    for (SourceBlock block : batch.blocks()) {
      follow(executed, before, block);
      before = new Source.BlockRef(block.number(), block.hash());
    }
    if (batch.blocks().isEmpty()) {
      follow(executed, before, batch.last());
    }
    number = executed.number();
    last = new Source.BlockRef(batch.last().number(), batch.last().hash());
  }

  private static void follow(
      ExecutedBatch executed, Source.@Nullable BlockRef before, SourceBlock block) {
    if (before == null) {
      return;
    }
    Bytes32 parent = block.parent();
    boolean isNext = block.number() == before.block() + 1;
    if (block.number() <= before.block()
        || (isNext && parent != null && !parent.equals(before.hash()))) {
      // A stream that is reopened at the durable block has consistent blocks.
      throw new MillraceException(
          Remedy.RESTART,
          "block does not follow the last one: batch=%d block=%d parent=%s last=%d hash=%s"
              .formatted(executed.number(), block.number(), parent, before.block(), before.hash()));
    }
  }

  /** Continues after a rewind to {@code to}: the next batch has number {@code behind + 1}. */
  void rewind(long behind, Source.@Nullable BlockRef to) {
    number = behind;
    last = to;
  }

  /** Checks that {@code behind}, the last batch of the stream, was taken. */
  void end(long behind) {
    if (number != behind) {
      throw new MillraceException(
          Remedy.REPORT_BUG,
          "stream ended before all of its batches were durable: last=%d delivered=%d"
              .formatted(number, behind));
    }
  }
}
