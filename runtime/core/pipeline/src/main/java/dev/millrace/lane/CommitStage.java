package dev.millrace.lane;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.ExecutedBatch;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Frontier;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.pipeline.Source;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Commits batches in order, as many in one transaction as have piled up. The only place where a
 * lane ends: an end or a failure travels down the ring behind the batches that precede it.
 *
 * <p>Confined to the commit thread.
 */
final class CommitStage implements com.lmax.disruptor.EventHandler<RingSlot>, GroupStage {
  private final LaneServices lane;
  private final LaneStore store;
  private final Optional<MirrorPublisher> publisher;
  private final NeededIndexes indexes;
  private final Semaphore freeSlots;
  private final Consumer<LaneOutcome> ended;

  private final BatchOrderCheck order;
  private final PendingGroup pending;
  private int finishedSlots;
  private boolean terminated;

  CommitStage(
      LaneServices lane,
      LaneStore store,
      Optional<MirrorPublisher> publisher,
      NeededIndexes indexes,
      Semaphore freeSlots,
      Consumer<LaneOutcome> ended) {
    this.lane = lane;
    this.store = store;
    this.publisher = publisher;
    this.indexes = indexes;
    this.freeSlots = freeSlots;
    this.ended = ended;
    this.pending = new PendingGroup(lane.settings.commitBytes());
    this.order = new BatchOrderCheck(store.opened().place());
  }

  @Override
  public void onEvent(RingSlot slot, long sequence, boolean endOfBatch) {
    try {
      if (!terminated) {
        accept(slot, endOfBatch);
      }
    } catch (Throwable thrown) {
      fail(thrown);
    } finally {
      if (terminated || !pending.contains(slot)) {
        release(slot);
      }
      if (endOfBatch) {
        // Release permits only after the ring has moved on: fetch would otherwise spin for room.
        freeSlots.release(finishedSlots);
        finishedSlots = 0;
      }
    }
  }

  /**
   * Builds requested indexes while no batch arrives: the running batch may read without an index
   * for hours, and nothing would be committed until it ends.
   */
  @Override
  public void onTimeout(long sequence) {
    if (terminated || !lane.lifecycle.mayFetch() || lane.lifecycle.rewindHandshake().inProgress()) {
      return;
    }
    try {
      indexes.build();
    } catch (Throwable thrown) {
      fail(thrown);
    }
  }

  private void fail(Throwable thrown) {
    end(new LaneOutcome.Failed(LaneServices.explained(thrown, "commit stage failed")));
  }

  private void accept(RingSlot slot, boolean endOfBatch) {
    ExecutedBatch executed = slot.executed;
    if (slot.content == RingSlot.Content.BATCH && executed != null) {
      if (!pending.isEmpty() && isReversible(pending.last()) != executed.changes().reversible()) {
        commitPending(); // the undo log covers only the part inside the window
      }
      keepOrder(executed);
      pending.add(slot, executed);
      if (endOfBatch || pending.isFull()) {
        commitPending();
      }
      return;
    }
    if (slot.content == RingSlot.Content.REWIND) {
      rewind(slot);
      return;
    }
    if (slot.skipped) {
      if (endOfBatch) {
        commitPending();
      }
      return;
    }
    commitPending();
    MillraceException failure = slot.failure;
    MillraceException unexplained = lane.lifecycle.rewindHandshake().pendingReorg();
    if (failure != null) {
      end(new LaneOutcome.Failed(failure));
    } else if (lane.lifecycle.hasFailed()) {
      end(
          new LaneOutcome.Failed(
              abandoned())); // a failure has a slot of its own, which comes first
    } else if (lane.lifecycle.isDraining()) {
      end(new LaneOutcome.Drained());
    } else if (unexplained != null) {
      end(new LaneOutcome.Failed(unexplained)); // the stream has ended without a rewind
    } else {
      order.end(slot.number);
      indexes.finish();
      end(new LaneOutcome.Done());
    }
  }

  /** Checks the order; commits the batches before a hole first. */
  private void keepOrder(ExecutedBatch executed) {
    try {
      order.take(executed);
    } catch (MillraceException hole) {
      commitPending();
      throw hole;
    }
  }

  private static MillraceException abandoned() {
    return new MillraceException(Remedy.RESTART, "lane was abandoned before its stream ended");
  }

  private static boolean isReversible(RingSlot slot) {
    ExecutedBatch executed = slot.executed;
    return executed != null && executed.changes().reversible();
  }

  private void commitPending() {
    if (pending.isEmpty()) {
      return;
    }
    try {
      if (lane.lifecycle.rewindHandshake().inProgress()) {
        dropPending();
        return;
      }
      indexes.build();
      if (isReversible(pending.last())) {
        indexes.finish();
      }
      pending.process(this);
    } catch (MillraceException failed) {
      if (!lane.lifecycle.rewindHandshake().inProgress() || failed.remedy() != Remedy.FIX_HANDLER) {
        throw failed;
      }
      dropPending(); // a rewind discards these batches, so their failure does not count
    } finally {
      pending.slots().forEach(this::release);
      pending.clear();
    }
  }

  /** Drops the batches of a branch that was replaced by a reorg. */
  private void dropPending() {
    // A slot without a batch is durable already.
    List<ExecutedBatch> batches = PendingGroup.batches(pending.slots());
    lane.transit.remove(batches.size(), bytes(batches));
  }

  private static long bytes(List<ExecutedBatch> batches) {
    return batches.stream().mapToLong(ExecutedBatch::bytes).sum();
  }

  private void rewind(RingSlot slot) {
    commitPending(); // drops the pending batches, as a rewind is under way
    Source.@Nullable BlockRef to =
        slot.toCommitted
            ? lane.retry.call("resume point", store::resumePoint).last()
            : slot.rewindTarget;
    long begun = lane.now();
    lane.failpoint.reached(Failpoint.Point.BEFORE_REWIND, lane.progress.commits());
    Frontier frontier = lane.retry.call("rewind", () -> store.rewind(to));
    Source.ResumePoint resumePoint = lane.retry.call("resume point", store::resumePoint);
    lane.progress.rewound(frontier, lane.now() - begun);
    publisher.ifPresent(MirrorPublisher::publishRewind);
    order.rewind(slot.number, resumePoint.last());
    lane.lifecycle
        .rewindHandshake()
        .completed(new RewindHandshake.RewindResult(frontier, resumePoint));
  }

  /** Publish after every commit: {@code follow} treats a gap of two as data loss. */
  @Override
  public void passed() {
    publisher.ifPresent(MirrorPublisher::publishIfAdvanced);
  }

  @Override
  public boolean allowsOneByOne(MillraceException failed) {
    return failed.remedy() != Remedy.YIELD && failed.remedy() != Remedy.RESTART;
  }

  @Override
  public void refuse(MillraceException failed, List<RingSlot> slots) {
    MillraceException explained = EventFailureReport.ofRow(failed, PendingGroup.batches(slots));
    RingSlot first = slots.getFirst();
    throw new MillraceException(
        explained.remedy(),
        "commit failed: batch=%d blocks=%s reason=\"%s\""
            .formatted(first.number, blocks(first.batch), explained.getMessage()),
        explained);
  }

  private static String blocks(@Nullable Batch batch) {
    if (batch == null) {
      return "?";
    }
    long last = batch.last().number();
    return batch.events().isEmpty()
        ? "up to " + last
        : batch.events().getFirst().block().number() + ".." + last;
  }

  @Override
  public void process(List<RingSlot> slots) {
    List<ExecutedBatch> batches = PendingGroup.batches(slots);
    CommitGroup group = new CommitGroup(lane.progress.commits() + 1, batches);
    long begun = lane.now();
    lane.failpoint.reached(Failpoint.Point.BEFORE_COMMIT_GROUP, group.last().number());
    lane.retry.run("commit " + group.number(), () -> store.commit(group));
    long ended = lane.now();
    lane.progress.committed(group);
    publisher.ifPresent(publisher -> publisher.committed(group));
    for (RingSlot slot : slots) {
      ExecutedBatch executed = slot.executed;
      if (executed != null) {
        lane.timings.add(slot.timing(executed, group.number(), begun, ended));
      }
      slot.executed = null;
    }
    lane.transit.remove(batches.size(), bytes(batches));
    lane.failpoint.reached(Failpoint.Point.COMMITTED, group.last().number());
  }

  private void end(LaneOutcome end) {
    terminated = true;
    lane.lifecycle.end();
    ended.accept(end);
  }

  private void release(RingSlot slot) {
    if (!slot.released) {
      slot.clear();
      slot.released = true;
      finishedSlots++;
    }
  }
}
