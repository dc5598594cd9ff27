package dev.millrace.app;

import java.util.List;
import java.util.ServiceLoader;

/** The {@code millrace} command. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    Shell shell = Shell.ofProcess();
    Logging.configure();
    int code = new Commands(shell, extensions()).execute(args);
    shell.out().flush();
    shell.err().flush();
    System.exit(code);
  }

  static List<Extension> extensions() {
    return ServiceLoader.load(Extension.class).stream().map(ServiceLoader.Provider::get).toList();
  }
}
