package dev.millrace.scenarios;

import dev.millrace.config.Config;
import dev.millrace.config.ConfigFile;
import dev.millrace.jobs.JobSettings;
import dev.millrace.jobs.JobWorker;
import dev.millrace.runner.ConfiguredDatabase;
import dev.millrace.runner.IndexerRuntime;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Indexes large transfers and works on their notices in one process, to be killed. */
final class LargeTransfersProcess {
  private LargeTransfersProcess() {}

  public static void main(String[] args) throws Exception {
    Config config =
        switch (ConfigFile.read(Path.of(args[0]), System.getenv())) {
          case ConfigFile.Valid valid -> valid.config();
          case ConfigFile.Invalid invalid -> throw new IllegalStateException(invalid.toString());
        };
    try (ConfiguredDatabase database = ConfiguredDatabase.open(config);
        JobWorker _ =
            JobWorker.start(
                JobSettings.of(database.settings()).withLease(Duration.ofSeconds(2)),
                List.of(LargeTransfers.NOTIFY));
        IndexerRuntime runtime = IndexerRuntime.of(LargeTransfers.indexer(), config)) {
      runtime.start();
      System.out.println("lane is taken over");
      runtime.await();
      runtime
          .failure()
          .ifPresent(failure -> {
            throw failure;
          });
    }
  }
}
