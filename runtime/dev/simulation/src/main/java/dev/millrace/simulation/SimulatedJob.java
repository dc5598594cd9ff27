package dev.millrace.simulation;

import dev.millrace.loaders.TriggerMoment;
import dev.millrace.loaders.TriggerableJob;
import java.util.List;

/** A job that simulated handlers trigger; its input is what the handler has read so far. */
record SimulatedJob(String name, TriggerMoment moment) implements TriggerableJob<Long> {
  static final SimulatedJob FINALIZED = new SimulatedJob("sim.final", TriggerMoment.FINALIZED);
  static final SimulatedJob COMMITTED = new SimulatedJob("sim.early", TriggerMoment.COMMITTED);
  static final List<TriggerableJob<?>> ALL = List.of(FINALIZED, COMMITTED);

  @Override
  public Class<Long> inputType() {
    return Long.class;
  }

  @Override
  public String inputText(Long input) {
    return input.toString();
  }
}
