package dev.millrace.lane;

import dev.millrace.loaders.MillraceException;
import dev.millrace.pipeline.ExecutedBatch;
import java.util.ArrayList;
import java.util.List;

/** Executed batches that have piled up before a stage, which takes them together. One thread. */
final class PendingGroup {
  private final long limit;
  private final List<RingSlot> slots = new ArrayList<>();
  private long bytes;

  /**
   * @param limit bytes of changes from which the group is full
   */
  PendingGroup(long limit) {
    this.limit = limit;
  }

  void add(RingSlot slot, ExecutedBatch executed) {
    slots.add(slot);
    bytes += executed.changes().bytes();
  }

  boolean isFull() {
    return bytes >= limit;
  }

  boolean isEmpty() {
    return slots.isEmpty();
  }

  boolean contains(RingSlot slot) {
    return slots.contains(slot);
  }

  RingSlot first() {
    return slots.getFirst();
  }

  RingSlot last() {
    return slots.getLast();
  }

  List<RingSlot> slots() {
    return List.copyOf(slots);
  }

  void clear() {
    slots.clear();
    bytes = 0;
  }

  /** Returns the batches of those slots that still have one. */
  static List<ExecutedBatch> batches(List<RingSlot> slots) {
    List<ExecutedBatch> batches = new ArrayList<>();
    for (RingSlot slot : slots) {
      ExecutedBatch executed = slot.executed;
      if (executed != null) {
        batches.add(executed);
      }
    }
    return batches;
  }

  /**
   * Lets the stage process the slots as one group. After a refusal that allows it, lets it process
   * them one by one up to the culprit, so that the batches before it pass.
   */
  void process(GroupStage stage) {
    List<RingSlot> group = slots();
    try {
      stage.process(group);
    } catch (MillraceException refused) {
      if (group.size() == 1 || !stage.allowsOneByOne(refused)) {
        stage.refuse(refused, group);
      } else {
        processOneByOne(stage, group);
      }
      return;
    }
    stage.passed();
  }

  private static void processOneByOne(GroupStage stage, List<RingSlot> group) {
    for (RingSlot slot : group) {
      List<RingSlot> alone = List.of(slot);
      try {
        stage.process(alone);
      } catch (MillraceException culprit) {
        stage.refuse(culprit, alone);
        return;
      }
      stage.passed();
    }
  }
}
