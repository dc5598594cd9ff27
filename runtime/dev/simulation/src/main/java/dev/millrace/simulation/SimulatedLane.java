package dev.millrace.simulation;

import dev.millrace.lane.LaneOutcome;
import dev.millrace.pipeline.Source;
import dev.millrace.testkit.ScriptedSource;
import java.util.Optional;

/** A simulated lane: a chain of its own. */
record SimulatedLane(String name, SimulatedProgram program) {
  ScriptedSource script() {
    return program.script();
  }

  boolean isAtTheHead(Optional<Source.BlockRef> reached) {
    return reached.isPresent() && reached.get().block() == script().currentBlocks().size() - 1L;
  }

  boolean wasPoisoned(LaneOutcome end) {
    return end instanceof LaneOutcome.Failed(var failure)
        && program.poisonedBlock() >= 0
        && String.valueOf(failure.getMessage())
            .contains("event failed: block=" + program.poisonedBlock() + " ");
  }
}
