package dev.millrace.app;

import dev.millrace.clickhouse.MirrorStatus;
import dev.millrace.config.Config;
import dev.millrace.loaders.MillraceException;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.postgres.StoreStatus;
import dev.millrace.runner.ConfiguredDatabase;
import dev.millrace.runner.ExitCode;
import dev.millrace.runner.MirrorDatabase;
import java.io.PrintStream;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Prints what is durable; works with and without a running process. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    description = {
      "Shows how far an indexer is, which process has its lanes, and the queues of jobs.",
      "Everything shown is durable."
    })
final class StatusCommand implements Callable<Integer> {
  private final CliEnvironment shell;

  @Mixin private final CommonOptions options = new CommonOptions();

  StatusCommand(CliEnvironment shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() {
    Config config = options.require(shell);
    if (!ConfiguredDatabase.mayHoldRows(config)) {
      nothingYet(config);
      return ExitCode.DONE;
    }
    try (ConfiguredDatabase database = ConfiguredDatabase.open(config)) {
      Optional<StoreStatus> status = PostgresStore.status(database.settings(), config.name());
      status.ifPresent(known -> print(known, mirror(config)));
      boolean hasJobs = new JobStatusTable(shell).print(config, database);
      if (status.isEmpty() && !hasJobs) {
        nothingYet(config);
      }
    }
    return ExitCode.DONE;
  }

  /**
   * Reads the status of ClickHouse; the rest is printed even if ClickHouse does not answer. An
   * embedded one that is stopped is not started: that takes seconds, and what it holds has not
   * changed since the last run.
   */
  private Optional<MirrorStatus> mirror(Config config) {
    if (!MirrorDatabase.mayHoldRows(config)) {
      return Optional.empty();
    }
    if (!MirrorDatabase.isRunning(config)) {
      shell.err().println("millrace: embedded ClickHouse is stopped and was not asked");
      return Optional.empty();
    }
    try (MirrorDatabase mirror = MirrorDatabase.open(config)) {
      return Optional.of(MirrorStatus.read(mirror.settings()));
    } catch (MillraceException failed) {
      shell.err().println("millrace: ClickHouse does not answer: " + failed.getMessage());
      return Optional.empty();
    }
  }

  private void nothingYet(Config config) {
    shell.out().println(config.name() + ": nothing is indexed yet; begin with: millrace run");
  }

  private void print(StoreStatus status, Optional<MirrorStatus> mirror) {
    PrintStream out = shell.out();
    out.printf(
        "%s, begun %s%n%n", status.indexer(), status.created().truncatedTo(ChronoUnit.SECONDS));
    String row = "%-10s %14s %14s %10s %7s" + (mirror.isPresent() ? " %14s" : "%s") + "  %s%n";
    out.printf(
        row,
        "chain",
        "block",
        "checkpoint",
        "commits",
        "epoch",
        mirror.isPresent() ? "in ClickHouse" : "",
        "held by");
    for (StoreStatus.LaneState lane : status.lanes()) {
      out.printf(
          row,
          lane.lane(),
          lane.block().isPresent() ? ProgressLine.count(lane.block().getAsLong()) : "-",
          ProgressLine.count(lane.checkpoint()),
          ProgressLine.count(lane.commit()),
          lane.epoch(),
          mirror.map(known -> shown(known, lane)).orElse(""),
          lane.holder().map(Object::toString).orElse("nobody"));
    }
    status.slow().forEach(request -> out.printf("%nPostgreSQL takes long: %s%n", request));
    status
        .missing()
        .forEach(index ->
            out.printf(
                "%nIndex is missing since %s, and queries are slow without it: %s%n  %s%n  The next"
                    + " start tries to build it again.%n",
                index.at().truncatedTo(ChronoUnit.SECONDS), index.name(), index.problem()));
    if (!status.accepted().isEmpty()) {
      out.printf("%nChanges accepted on the way:%n");
      status
          .accepted()
          .forEach(accepted ->
              out.printf(
                  "  %s  %s%n", accepted.at().truncatedTo(ChronoUnit.SECONDS), accepted.change()));
    }
  }

  /** Returns the checkpoint up to which rows are visible in the mirror. */
  private static String shown(MirrorStatus mirror, StoreStatus.LaneState lane) {
    MirrorStatus.PublishedState published = mirror.lanes().get(lane.lane());
    return published == null ? "nothing" : ProgressLine.count(published.checkpoint());
  }
}
