package dev.millrace.app;

import dev.millrace.loaders.MillraceException;
import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;
import java.util.function.ToIntFunction;

/** The {@code millrace} command. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    end(shell -> new CommandLineRunner(shell, extensions()).execute(args));
  }

  /** Runs a command and ends the JVM with its exit code, also after an error. */
  static void end(ToIntFunction<CliEnvironment> command) {
    ProcessLogging.configure();
    CliEnvironment shell = CliEnvironment.ofProcess();
    int code = execute(command, shell);
    shell.out().flush();
    shell.err().flush();
    System.exit(code);
  }

  static int execute(ToIntFunction<CliEnvironment> command, CliEnvironment shell) {
    Path dataDir = shell.directory().resolve(".millrace");
    try {
      return command.applyAsInt(shell);
    } catch (MillraceException known) {
      // A definition is read before any command, and may be wrong.
      return ErrorReporter.reportKnown(known, shell, dataDir);
    } catch (RuntimeException | Error unknown) {
      return ErrorReporter.report(unknown, shell, dataDir);
    }
  }

  static List<CommandExtension> extensions() {
    return ServiceLoader.load(CommandExtension.class).stream()
        .map(ServiceLoader.Provider::get)
        .toList();
  }
}
