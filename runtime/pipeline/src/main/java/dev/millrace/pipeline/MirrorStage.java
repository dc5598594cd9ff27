package dev.millrace.pipeline;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Copies the changes of batches to the mirror before they become durable, as many batches at once
 * as have piled up. Changes that never become durable are never visible there.
 *
 * <p>Confined to the mirror thread. A slot that could not be copied does not reach commit as a
 * batch.
 */
final class MirrorStage implements com.lmax.disruptor.EventHandler<Slot> {
  private final LaneMirror mirror;
  private final LaneSettings settings;
  private final Parts parts;
  private final Halt halt;
  private final Probe probe;
  private final LongSupplier nanos;

  private final List<Slot> pending = new ArrayList<>();
  private long pendingBytes;
  private boolean over;

  /** The lane's objects that this stage works with. */
  record Parts(Retry retry, LaneProgress progress, Transit transit) {}

  MirrorStage(
      LaneMirror mirror,
      LaneSettings settings,
      Parts parts,
      Halt halt,
      Probe probe,
      LongSupplier nanos) {
    this.mirror = mirror;
    this.settings = settings;
    this.parts = parts;
    this.halt = halt;
    this.probe = probe;
    this.nanos = nanos;
  }

  @Override
  public void onEvent(Slot slot, long sequence, boolean endOfBatch) {
    ExecutedBatch executed = slot.executed;
    if (slot.content == Slot.Content.BATCH && executed != null) {
      pending.add(slot);
      pendingBytes += executed.changes().bytes();
    }
    if (endOfBatch || pendingBytes >= settings.commitBytes()) {
      copyPending();
    }
  }

  private void copyPending() {
    try {
      if (!pending.isEmpty() && !isDropped()) {
        copyTogether(List.copyOf(pending));
      }
    } catch (Throwable thrown) {
      fail(pending.getFirst(), failure(thrown));
    } finally {
      // A batch that was not copied must not become durable either.
      pending.stream().filter(slot -> !slot.mirrored).forEach(this::drop);
      pending.clear();
      pendingBytes = 0;
    }
  }

  /** True if the following batches are discarded. */
  private boolean isDropped() {
    return over || halt.isAbandoned() || halt.turn().isUnderWay();
  }

  /** Copies a group; batch by batch after a refusal, so that those before the culprit commit. */
  private void copyTogether(List<Slot> slots) {
    try {
      copy(slots);
    } catch (MillraceException refused) {
      // The mirror's own remedy decides: naming the event of a row replaces it.
      if (refused.remedy() != Remedy.FIX_HANDLER) {
        // Part of it may have been sent, and must not be sent in another shape.
        throw EventFailure.ofRow(refused, batches(slots));
      }
      for (Slot slot : slots) {
        try {
          copy(List.of(slot));
        } catch (MillraceException culprit) {
          fail(slot, EventFailure.ofRow(culprit, batches(List.of(slot))));
          return;
        }
      }
    }
  }

  private void fail(Slot slot, MillraceException why) {
    if (isDropped()) {
      return; // a rewind discards these batches, so their failure does not count
    }
    over = true;
    halt.fail();
    slot.fail(
        new MillraceException(
            why.remedy(),
            "mirror failed: batch=%d reason=\"%s\"".formatted(slot.number, why.getMessage()),
            why));
  }

  private static MillraceException failure(Throwable thrown) {
    return thrown instanceof MillraceException known
        ? known
        : new MillraceException(Remedy.REPORT_BUG, "error=" + thrown, thrown);
  }

  private static List<ExecutedBatch> batches(List<Slot> slots) {
    List<ExecutedBatch> batches = new ArrayList<>();
    for (Slot slot : slots) {
      ExecutedBatch executed = slot.executed;
      if (executed != null) {
        batches.add(executed);
      }
    }
    return batches;
  }

  private void copy(List<Slot> slots) {
    List<ExecutedBatch> batches = batches(slots);
    MirrorGroup group = new MirrorGroup(parts.progress.epoch(), batches);
    long begun = nanos.getAsLong();
    probe.pass(Probe.Point.BEFORE_MIRROR, batches.getLast().number());
    parts.retry.call(
        "mirror of checkpoint " + group.lastCheckpoint(),
        () -> {
          mirror.insert(group);
          return true;
        });
    probe.pass(Probe.Point.MIRRORED, batches.getLast().number());
    long ended = nanos.getAsLong();
    for (Slot slot : slots) {
      slot.mirrored = true;
      slot.mirrorStart = begun;
      slot.mirrorEnd = ended;
    }
    batches.forEach(parts.progress::mirrored);
  }

  private void drop(Slot slot) {
    ExecutedBatch executed = slot.executed;
    if (executed != null) {
      slot.skipped = true;
      slot.executed = null;
      parts.transit.remove(1, executed.bytes());
    }
  }
}
