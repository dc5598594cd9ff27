package dev.millrace.testkit;

import dev.millrace.pipeline.LaneEnd;

/** A simulated lane: a chain of its own. */
record SimLane(String name, SimProgram program) {
  Script script() {
    return program.script();
  }

  boolean wasPoisoned(LaneEnd end) {
    return end instanceof LaneEnd.Failed(var failure)
        && program.poisonedBlock() >= 0
        && String.valueOf(failure.getMessage())
            .contains("event failed: block=" + program.poisonedBlock() + " ");
  }
}
