package dev.millrace.lane;

import dev.millrace.loaders.MillraceException;
import java.util.List;

/** A stage that processes several batches together. */
interface GroupStage {
  void process(List<RingSlot> group);

  /** Called after each group that was processed; its failures are not those of the group. */
  default void passed() {}

  /** False if part of the refused group may have had an effect. */
  boolean allowsOneByOne(MillraceException refused);

  /** Called at most once, with the smallest group that is known to be refused. */
  void refuse(MillraceException refused, List<RingSlot> group);
}
