package dev.millrace.app;

/** Configures the logging of a Millrace process, unless the caller has configured it already. */
final class ProcessLogging {
  private static final String CHOICE = "logback.configurationFile";

  private ProcessLogging() {}

  /**
   * Runs before the first logger. The file has a name of its own, so that an application that
   * embeds Millrace does not pick it up from its class path.
   */
  static void configure() {
    if (System.getProperty(CHOICE) == null) {
      System.setProperty(CHOICE, "dev/millrace/app/logback.xml");
    }
  }
}
