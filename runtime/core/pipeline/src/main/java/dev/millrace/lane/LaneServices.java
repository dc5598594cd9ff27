package dev.millrace.lane;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.BackoffRetry;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Frontier;
import java.util.function.LongSupplier;

/** The state and the services that all stages of one lane share. Safe for use by any thread. */
final class LaneServices {
  final LaneSettings settings;
  final Failpoint failpoint;
  final LongSupplier nanos = System::nanoTime;
  final LaneLifecycle lifecycle = new LaneLifecycle();
  final PipelineTimings timings = new PipelineTimings();
  final BackoffRetry retry = new BackoffRetry(nanos);
  final Transit transit;
  final LaneProgress progress;

  LaneServices(LaneSettings settings, Failpoint failpoint, Frontier opened) {
    this.settings = settings;
    this.failpoint = failpoint;
    this.transit = new Transit(nanos, settings.staged().register());
    this.progress = new LaneProgress(opened);
  }

  long now() {
    return nanos.getAsLong();
  }

  /** Returns a failure that names its remedy; any other is a bug of the stage that met it. */
  static MillraceException explained(Throwable thrown, String rule) {
    return thrown instanceof MillraceException known
        ? known
        : new MillraceException(
            Remedy.REPORT_BUG, rule + ": error=" + EventFailureReport.reason(thrown), thrown);
  }
}
