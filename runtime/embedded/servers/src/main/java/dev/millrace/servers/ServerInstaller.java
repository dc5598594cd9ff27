package dev.millrace.servers;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * Prepares the server of a directory. Runs in the process that starts the server, under its locks.
 */
interface ServerInstaller {

  /**
   * The result for the supervisor.
   *
   * @param rights the way to run the server as a permitted user; tried first next time
   * @param command the words that start the server, without its arguments
   * @param version for people
   */
  record Prepared(String rights, List<String> command, String version) {}

  /** Creates the files that the server needs, and finds the words that start it. */
  Prepared prepare(ServerDirectory directory, ServerState last) throws IOException;

  /** The port to listen on; 0 takes a free port, the same as last time if possible. */
  int port();

  Duration idleTimeout();

  Duration startTimeout();

  Consumer<String> progress();
}
