package dev.millrace.lane;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.ExecutedBatch;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.LaneMirror;
import dev.millrace.pipeline.MirrorGroup;
import java.util.List;

/**
 * Copies the changes of batches to the mirror before they become durable, as many batches at once
 * as have piled up. Changes that never become durable are never visible there.
 *
 * <p>Confined to the mirror thread. A slot that could not be copied does not reach commit as a
 * batch.
 */
final class MirrorStage implements com.lmax.disruptor.EventHandler<RingSlot>, GroupStage {
  private final LaneServices lane;
  private final LaneMirror mirror;

  private final PendingGroup pending;
  private boolean over;

  MirrorStage(LaneServices lane, LaneMirror mirror) {
    this.lane = lane;
    this.mirror = mirror;
    this.pending = new PendingGroup(lane.settings.commitBytes());
  }

  @Override
  public void onEvent(RingSlot slot, long sequence, boolean endOfBatch) {
    ExecutedBatch executed = slot.executed;
    if (slot.content == RingSlot.Content.BATCH && executed != null) {
      pending.add(slot, executed);
    }
    if (endOfBatch || pending.isFull()) {
      copyPending();
    }
  }

  private void copyPending() {
    try {
      if (!pending.isEmpty() && !isDropped()) {
        pending.process(this);
      }
    } catch (Throwable thrown) {
      fail(pending.first(), LaneServices.explained(thrown, "mirror stage failed"));
    } finally {
      // A batch that was not copied must not become durable either.
      pending.slots().stream().filter(slot -> !slot.mirrored).forEach(this::drop);
      pending.clear();
    }
  }

  /** Part of the group may have been sent: then it must not be sent in another shape. */
  @Override
  public boolean allowsOneByOne(MillraceException refused) {
    return refused.remedy() == Remedy.FIX_HANDLER;
  }

  /** True if the following batches are discarded. */
  private boolean isDropped() {
    return over || lane.lifecycle.isAbandoned() || lane.lifecycle.rewindHandshake().inProgress();
  }

  @Override
  public void refuse(MillraceException refused, List<RingSlot> group) {
    fail(group.getFirst(), EventFailureReport.ofRow(refused, PendingGroup.batches(group)));
  }

  private void fail(RingSlot slot, MillraceException why) {
    if (isDropped()) {
      return; // a rewind discards these batches, so their failure does not count
    }
    over = true;
    lane.lifecycle.fail();
    slot.fail(
        new MillraceException(
            why.remedy(),
            "mirror failed: batch=%d reason=\"%s\"".formatted(slot.number, why.getMessage()),
            why));
  }

  @Override
  public void process(List<RingSlot> slots) {
    List<ExecutedBatch> batches = PendingGroup.batches(slots);
    MirrorGroup group = new MirrorGroup(lane.progress.epoch(), batches);
    long begun = lane.now();
    lane.failpoint.reached(Failpoint.Point.BEFORE_MIRROR, batches.getLast().number());
    lane.retry.run("mirror of checkpoint " + group.lastCheckpoint(), () -> mirror.insert(group));
    lane.failpoint.reached(Failpoint.Point.MIRRORED, batches.getLast().number());
    long ended = lane.now();
    for (RingSlot slot : slots) {
      slot.mirrored = true;
      slot.mirrorStart = begun;
      slot.mirrorEnd = ended;
    }
    batches.forEach(lane.progress::mirrored);
  }

  private void drop(RingSlot slot) {
    ExecutedBatch executed = slot.executed;
    if (executed != null) {
      slot.skipped = true;
      slot.executed = null;
      lane.transit.remove(1, executed.bytes());
    }
  }
}
