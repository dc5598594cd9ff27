package dev.millrace.app;

/** Chooses how a Millrace process logs, unless whoever starts it has chosen already. */
final class Logging {
  private static final String CHOICE = "logback.configurationFile";

  private Logging() {}

  /**
   * Comes before the first logger. The file has a name of its own, so that an application that
   * embeds us does not find it on its class path and obey it.
   */
  static void configure() {
    if (System.getProperty(CHOICE) == null) {
      System.setProperty(CHOICE, "dev/millrace/app/logback.xml");
    }
  }
}
