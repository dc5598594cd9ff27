package dev.millrace.app;

import dev.millrace.jobs.JobRegistry;
import dev.millrace.loaders.MillraceException;
import dev.millrace.pipeline.Indexer;
import dev.millrace.runner.ExitCode;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line: all commands, and the output of their errors. */
final class CommandLineRunner {
  private final CliEnvironment shell;
  private final CommandLine line;

  CommandLineRunner(CliEnvironment shell, List<CommandExtension> extensions) {
    this.shell = shell;
    Map<String, Indexer> indexers = new TreeMap<>();
    JobRegistry jobs = JobRegistry.empty();
    for (CommandExtension extension : extensions) {
      extension.indexers().forEach(indexer -> indexers.putIfAbsent(indexer.name(), indexer));
      jobs = jobs.with(extension.jobs());
    }
    line = new CommandLine(new Top());
    line.addSubcommand(new RunCommand(shell, indexers, jobs));
    JobRegistry all = jobs;
    for (Indexer indexer : indexers.values()) {
      all = all.withTriggered(indexer.jobs());
    }
    line.addSubcommand(new WorkCommand(shell, all));
    line.addSubcommand(JobsCommand.with(shell, all));
    line.addSubcommand(new StatusCommand(shell));
    line.addSubcommand(new ResetCommand(shell));
    line.addSubcommand(new AcceptCommand(shell, indexers));
    line.addSubcommand(new SqlCommand(shell));
    line.addSubcommand(new VerifyCommand(shell, indexers));
    line.addSubcommand(new RebuildCommand(shell, indexers));
    line.addSubcommand(new AuditCommand(shell, indexers));
    line.addSubcommand(new InitCommand(shell));
    for (CommandExtension extension : extensions) {
      extension.commands(shell).forEach(line::addSubcommand);
    }
    if (line.getSubcommands().containsKey("demo")) {
      line.getCommandSpec()
          .usageMessage()
          .footer("", "Without a config, start with: millrace demo");
    }
    line.setOut(new PrintWriter(shell.out(), true, StandardCharsets.UTF_8));
    line.setErr(new PrintWriter(shell.err(), true, StandardCharsets.UTF_8));
    line.setUsageHelpAutoWidth(false).setUsageHelpWidth(96);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setParameterExceptionHandler(this::misused);
    line.setExecutionExceptionHandler((error, command, _) -> failed(error, command));
  }

  int execute(String... args) {
    return line.execute(args);
  }

  /** Like {@link #execute(String...)}, but runs {@code indexer} when no command is named. */
  int execute(Indexer indexer, String... args) {
    return executeOr(List.of("run", indexer.name()), args);
  }

  /** Like {@link #execute(String...)}, but runs workers when no command is named. */
  int executeWork(String... args) {
    return executeOr(List.of("work"), args);
  }

  private int executeOr(List<String> command, String... args) {
    boolean named =
        args.length > 0 && (!args[0].startsWith("-") || args[0].matches("-h|--help|-V|--version"));
    if (named) {
      return execute(args);
    }
    List<String> all = new ArrayList<>(command);
    all.addAll(List.of(args));
    return execute(all.toArray(String[]::new));
  }

  private int misused(CommandLine.ParameterException error, String[] args) {
    CommandLine command = error.getCommandLine();
    shell.err().println("millrace: " + error.getMessage());
    CommandLine.UnmatchedArgumentException.printSuggestions(error, command.getErr());
    shell.err().println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
    return ExitCode.MISUSE;
  }

  private int failed(Exception error, CommandLine command) {
    Path dataDir =
        command.getMixins().values().stream()
            .filter(CommonOptions.class::isInstance)
            .map(options -> ((CommonOptions) options).dataDir(shell))
            .findFirst()
            .orElse(shell.directory().resolve(".millrace"));
    return error instanceof MillraceException known
        ? ErrorReporter.reportKnown(known, shell, dataDir)
        : ErrorReporter.report(error, shell, dataDir);
  }

  @Command(
      name = "millrace",
      description =
          "Indexes streams of events into PostgreSQL and ClickHouse, and runs durable jobs. While one"
              + " batch commits, the next is running.",
      synopsisSubcommandLabel = "COMMAND",
      versionProvider = MillraceVersion.class,
      exitCodeListHeading = "%nExit codes:%n",
      exitCodeList = {
        "0:all that was asked is done and durable",
        "1:a handler or the data is wrong, or a run that was waited for has failed",
        "2:the command line, the config or the rights are wrong",
        "3:another process has the lane",
        "4:worth a restart"
      },
      mixinStandardHelpOptions = true)
  private static final class Top implements Runnable {
    @CommandLine.Spec CommandLine.Model.@Nullable CommandSpec spec;

    @Override
    public void run() {
      throw new CommandLine.ParameterException(
          Objects.requireNonNull(spec).commandLine(), "which command?");
    }
  }
}
