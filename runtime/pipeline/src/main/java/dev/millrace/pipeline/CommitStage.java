package dev.millrace.pipeline;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Commits batches in order, as many in one transaction as have piled up. The only place where a
 * lane ends: an end or a failure travels down the ring behind the batches that precede it.
 *
 * <p>Confined to the commit thread, except {@link #need}.
 */
final class CommitStage implements com.lmax.disruptor.EventHandler<Slot> {
  /** The lane's objects that this stage works with. */
  record Parts(
      LaneStore store,
      Optional<Publisher> publisher,
      Retry retry,
      LaneProgress progress,
      Transit transit,
      Timings timings,
      Semaphore freeSlots) {}

  private final LaneSettings settings;
  private final Parts parts;
  private final Halt halt;
  private final Probe probe;
  private final LongSupplier nanos;
  private final Consumer<LaneEnd> ended;
  private final Queue<PatientReads.IndexNeed> needs = new ConcurrentLinkedQueue<>();

  private final BatchOrder order;
  private final List<Slot> pending = new ArrayList<>();
  private long pendingBytes;
  private int finishedSlots;
  private boolean over;
  private boolean finished;

  CommitStage(
      LaneSettings settings,
      Parts parts,
      Halt halt,
      Probe probe,
      LongSupplier nanos,
      Consumer<LaneEnd> ended) {
    this.settings = settings;
    this.parts = parts;
    this.halt = halt;
    this.probe = probe;
    this.nanos = nanos;
    this.ended = ended;
    this.order = new BatchOrder(parts.store().opened().place());
  }

  /** Requests an index, which is built before the next commit. Any thread. */
  void need(PatientReads.IndexNeed need) {
    needs.add(need);
  }

  @Override
  public void onEvent(Slot slot, long sequence, boolean endOfBatch) {
    try {
      if (!over) {
        take(slot, endOfBatch);
      }
    } catch (Throwable thrown) {
      fail(thrown);
    } finally {
      if (over || !pending.contains(slot)) {
        release(slot);
      }
      if (endOfBatch) {
        // Release permits only after the ring has moved on: fetch would otherwise spin for room.
        parts.freeSlots().release(finishedSlots);
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
    if (over || !halt.allowsFetches() || halt.turn().isUnderWay()) {
      return;
    }
    try {
      buildNeededIndexes();
    } catch (Throwable thrown) {
      fail(thrown);
    }
  }

  private void fail(Throwable thrown) {
    end(
        new LaneEnd.Failed(
            thrown instanceof MillraceException known
                ? known
                : new MillraceException(
                    Remedy.REPORT_BUG, "commit stage failed: error=" + thrown, thrown)));
  }

  private void take(Slot slot, boolean endOfBatch) {
    ExecutedBatch executed = slot.executed;
    if (slot.content == Slot.Content.BATCH && executed != null) {
      if (!pending.isEmpty()
          && isReversible(pending.getLast()) != executed.changes().reversible()) {
        commitPending(); // the undo log covers only the part inside the window
      }
      keepOrder(executed);
      pending.add(slot);
      pendingBytes += executed.changes().bytes();
      if (endOfBatch || pendingBytes >= settings.commitBytes()) {
        commitPending();
      }
      return;
    }
    if (slot.content == Slot.Content.REWIND) {
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
    MillraceException unexplained = halt.turn().news();
    if (failure != null) {
      end(new LaneEnd.Failed(failure));
    } else if (halt.hasFailed()) {
      end(new LaneEnd.Failed(abandoned())); // a failure has a slot of its own, which comes first
    } else if (halt.isDraining()) {
      end(new LaneEnd.Drained());
    } else if (unexplained != null) {
      end(new LaneEnd.Failed(unexplained)); // the stream has ended without a rewind
    } else {
      order.end(slot.number);
      finish();
      end(new LaneEnd.Done());
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

  private static boolean isReversible(Slot slot) {
    ExecutedBatch executed = slot.executed;
    return executed != null && executed.changes().reversible();
  }

  private void commitPending() {
    if (pending.isEmpty()) {
      return;
    }
    try {
      if (halt.turn().isUnderWay()) {
        dropPending();
        return;
      }
      buildNeededIndexes();
      if (isReversible(pending.getLast())) {
        finish();
      }
      commitTogether(List.copyOf(pending));
    } catch (MillraceException failed) {
      if (!halt.turn().isUnderWay() || failed.remedy() != Remedy.FIX_HANDLER) {
        throw failed;
      }
      dropPending(); // a rewind discards these batches, so their failure does not count
    } finally {
      pending.forEach(this::release);
      pending.clear();
      pendingBytes = 0;
    }
  }

  /** Drops the batches of a branch that was replaced by a reorg. */
  private void dropPending() {
    int batches = 0;
    long bytes = 0;
    for (Slot slot : pending) {
      ExecutedBatch executed = slot.executed;
      if (executed != null) { // else it is durable already
        batches++;
        bytes += executed.bytes();
      }
    }
    parts.transit().remove(batches, bytes);
  }

  private void rewind(Slot slot) {
    commitPending(); // drops the pending batches, as a rewind is under way
    Source.@Nullable Place to =
        slot.toCommitted
            ? parts.retry().call("standing", parts.store()::standing).last()
            : slot.survivor;
    long begun = nanos.getAsLong();
    probe.pass(Probe.Point.BEFORE_REWIND, parts.progress().commits());
    Frontier frontier = parts.retry().call("rewind", () -> parts.store().rewind(to));
    Source.Standing standing = parts.retry().call("standing", parts.store()::standing);
    parts.progress().rewound(frontier, nanos.getAsLong() - begun);
    parts.publisher().ifPresent(Publisher::turned);
    order.rewind(slot.number, standing.last());
    halt.turn().complete(new Turn.Turned(frontier, standing));
  }

  /**
   * Commits the slots as one group. If the group fails for good, commits them one by one, so that
   * the batches before the culprit become durable.
   */
  private void commitTogether(List<Slot> slots) {
    try {
      commit(slots);
    } catch (MillraceException failed) {
      if (slots.size() == 1
          || failed.remedy() == Remedy.YIELD
          || failed.remedy() == Remedy.RESTART) {
        throw named(failed, slots);
      }
      for (Slot slot : slots) {
        try {
          commit(List.of(slot));
        } catch (MillraceException culprit) {
          throw named(culprit, List.of(slot));
        }
        tell();
      }
      return;
    }
    tell();
  }

  /** Publish after every commit: {@code follow} treats a gap of two as data loss. */
  private void tell() {
    parts.publisher().ifPresent(Publisher::tell);
  }

  private static MillraceException named(MillraceException failed, List<Slot> slots) {
    Slot first = slots.getFirst();
    Batch batch = first.batch;
    return new MillraceException(
        failed.remedy(),
        "commit failed: batch=%d blocks=%s reason=\"%s\""
            .formatted(first.number, blocks(batch), failed.getMessage()),
        failed);
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

  private void commit(List<Slot> slots) {
    List<ExecutedBatch> batches = new ArrayList<>();
    for (Slot slot : slots) {
      ExecutedBatch executed = slot.executed;
      if (executed != null) {
        batches.add(executed);
      }
    }
    CommitGroup group = new CommitGroup(parts.progress().commits() + 1, batches);
    long begun = nanos.getAsLong();
    probe.pass(Probe.Point.BEFORE_COMMIT_GROUP, group.last().number());
    try {
      parts
          .retry()
          .call(
              "commit " + group.number(),
              () -> {
                parts.store().commit(group);
                return group;
              });
    } catch (MillraceException failed) {
      throw EventFailure.ofRow(failed, batches);
    }
    long ended = nanos.getAsLong();
    parts.progress().committed(group);
    parts.publisher().ifPresent(publisher -> publisher.committed(group));
    for (Slot slot : slots) {
      record(slot, group.number(), begun, ended);
      slot.executed = null;
    }
    long bytes = batches.stream().mapToLong(ExecutedBatch::bytes).sum();
    parts.transit().remove(batches.size(), bytes);
    probe.pass(Probe.Point.COMMITTED, group.last().number());
  }

  private void record(Slot slot, long group, long begun, long end) {
    ExecutedBatch executed = slot.executed;
    if (executed != null) {
      parts
          .timings()
          .add(
              new BatchTiming(
                  slot.number,
                  executed.batch().events().size(),
                  executed.changes().size(),
                  executed.changes().bytes(),
                  slot.stalledNanos,
                  slot.stalledBy,
                  slot.executeStart,
                  slot.executeEnd,
                  slot.mirrorStart,
                  slot.mirrorEnd,
                  begun,
                  end,
                  group));
    }
  }

  private void buildNeededIndexes() {
    PatientReads.IndexNeed need = needs.poll();
    while (need != null) {
      PatientReads.IndexNeed next = need;
      parts
          .retry()
          .call(
              "index of " + next.type().table(),
              () -> {
                parts.store().index(next.type(), next.columns());
                return next;
              });
      need = needs.poll();
    }
  }

  private void finish() {
    if (!finished) {
      finished = true;
      parts
          .retry()
          .call(
              "indexes",
              () -> {
                parts.store().finish();
                return true;
              });
    }
  }

  private void end(LaneEnd end) {
    over = true;
    halt.end();
    ended.accept(end);
  }

  private void release(Slot slot) {
    if (!slot.released) {
      slot.clear();
      slot.released = true;
      finishedSlots++;
    }
  }
}
