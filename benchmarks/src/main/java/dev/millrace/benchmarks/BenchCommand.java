package dev.millrace.benchmarks;

import dev.millrace.app.CliEnvironment;
import dev.millrace.runner.ExitCode;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code millrace bench}: measures this machine and prints one table. */
@Command(
    name = "bench",
    description = {
      "Measures Millrace on this machine and prints one table.",
      "The short version takes about three minutes."
    },
    mixinStandardHelpOptions = true)
final class BenchCommand implements Callable<Integer> {
  private final CliEnvironment shell;
  private final BenchmarkSizes defaultSizes;
  private final BenchmarkSizes large;

  @Parameters(
      arity = "0..*",
      paramLabel = "PART",
      description = "What to measure: ${COMPLETION-CANDIDATES}. All of it when nothing is named.")
  private Set<BenchmarkRunner.Part> parts = EnumSet.noneOf(BenchmarkRunner.Part.class);

  @Option(names = "--full", description = "2,000,000 events and longer runs: ten minutes or so.")
  private boolean full;

  @Option(names = "--json", paramLabel = "FILE", description = "Also writes the rows to a file.")
  private @Nullable Path json;

  @Option(
      names = {"-d", "--data-dir"},
      paramLabel = "DIR",
      description = "Where its databases keep their files. Default: .millrace.")
  private @Nullable Path dataDir;

  BenchCommand(CliEnvironment shell, BenchmarkSizes defaults, BenchmarkSizes large) {
    this.shell = shell;
    this.defaultSizes = defaults;
    this.large = large;
  }

  @Override
  public Integer call() throws Exception {
    Path file = json == null ? null : shell.resolve(json);
    if (file != null && !mayBeWritten(file)) {
      shell.err().println("rows cannot be written there: file=" + file);
      return ExitCode.MISUSE;
    }
    warnIfBusy();
    Set<BenchmarkRunner.Part> chosen =
        parts.isEmpty() ? EnumSet.allOf(BenchmarkRunner.Part.class) : parts;
    Path directory =
        shell.resolve(dataDir == null ? Path.of(".millrace") : dataDir).resolve("bench");
    BenchmarkRunner bench =
        new BenchmarkRunner(full ? large : defaultSizes, directory, shell.err()::println);
    BenchmarkReport report = bench.run(chosen);
    shell.out().print(report.table());
    shell.out().flush();
    return file == null ? ExitCode.DONE : write(report, file);
  }

  /** Checked first: after ten minutes of waiting the user wants the rows. */
  private static boolean mayBeWritten(Path file) {
    Path directory = file.toAbsolutePath().getParent();
    return Files.exists(file)
        ? Files.isRegularFile(file) && Files.isWritable(file)
        : directory != null && Files.isDirectory(directory) && Files.isWritable(directory);
  }

  private int write(BenchmarkReport report, Path file) {
    try {
      report.write(file);
      return ExitCode.DONE;
    } catch (IOException e) {
      shell.err().println("rows could not be written: file=%s cause=%s".formatted(file, e));
      return ExitCode.MISUSE;
    }
  }

  /** Figures taken under other load say little, and the table would not show it. */
  private void warnIfBusy() {
    double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
    int cores = Runtime.getRuntime().availableProcessors();
    if (load > cores * 0.5) {
      shell
          .err()
          .println(
              String.format(
                  Locale.ROOT,
                  "this machine is busy, and what follows is slower for it: load=%.1f cores=%d",
                  load,
                  cores));
    }
  }
}
