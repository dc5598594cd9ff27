package dev.millrace.simulation;

import dev.millrace.pipeline.EpochHistory;
import dev.millrace.pipeline.Frontier;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** The epochs of a lane and their ends. Guarded by the store's lock. */
final class MemoryEpochs {
  /** Opening times of epochs: unique in this process, even between stores. */
  private static final AtomicLong MOMENTS = new AtomicLong();

  private final List<EpochHistory.Epoch> epochs = new ArrayList<>();

  MemoryEpochs() {}

  MemoryEpochs(MemoryEpochs other) {
    epochs.addAll(other.epochs);
  }

  /** Opens an epoch at the lane's frontier; the previous epoch ends there. */
  void open(long number, Frontier at, boolean mirrored) {
    if (!epochs.isEmpty()) {
      epochs.add(ending(epochs.removeLast(), at.checkpoint()));
    }
    Instant opened = Instant.EPOCH.plusSeconds(MOMENTS.incrementAndGet());
    epochs.add(new EpochHistory.Epoch(number, at.checkpoint(), opened, at.commit(), mirrored));
  }

  /** Opens an epoch after a rewind; no earlier epoch ends above its checkpoint. */
  void openAfterRewind(long number, long durable, Frontier to) {
    boolean mirrored = epochs.getLast().mirrored();
    epochs.add(ending(epochs.removeLast(), durable));
    epochs.replaceAll(epoch -> ending(epoch, Math.min(epoch.end(), to.checkpoint())));
    Instant opened = Instant.EPOCH.plusSeconds(MOMENTS.incrementAndGet());
    epochs.add(new EpochHistory.Epoch(number, to.checkpoint(), opened, to.commit(), mirrored));
  }

  /** Returns the epochs, the last one ending at this checkpoint. */
  List<EpochHistory.Epoch> until(long checkpoint) {
    List<EpochHistory.Epoch> all = new ArrayList<>(epochs);
    if (!all.isEmpty()) {
      all.add(ending(all.removeLast(), checkpoint));
    }
    return all;
  }

  private static EpochHistory.Epoch ending(EpochHistory.Epoch epoch, long end) {
    return new EpochHistory.Epoch(
        epoch.number(), end, epoch.opened(), epoch.afterCommit(), epoch.mirrored());
  }
}
