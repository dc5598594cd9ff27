package dev.millrace.simulation;

import dev.millrace.lane.LaneEnd;
import dev.millrace.pipeline.Source;
import dev.millrace.testkit.Script;
import java.util.Optional;

/** A simulated lane: a chain of its own. */
record SimLane(String name, SimProgram program) {
  Script script() {
    return program.script();
  }

  boolean isAtTheHead(Optional<Source.Place> reached) {
    return reached.isPresent() && reached.get().block() == script().told().size() - 1L;
  }

  boolean wasPoisoned(LaneEnd end) {
    return end instanceof LaneEnd.Failed(var failure)
        && program.poisonedBlock() >= 0
        && String.valueOf(failure.getMessage())
            .contains("event failed: block=" + program.poisonedBlock() + " ");
  }
}
