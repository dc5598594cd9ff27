package dev.millrace.embedded;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/** What it takes to make the server of a directory: done by whoever starts it, under its locks. */
interface Recipe {

  /**
   * What the supervisor is told of it.
   *
   * @param rights how the server is kept from running as somebody it must not; tried first next
   *     time
   * @param command the words that start it, without its arguments
   * @param version for people
   */
  record Prepared(String rights, List<String> command, String version) {}

  /** Makes the files that the server needs, and finds the words that start it. */
  Prepared prepare(ServerDirectory directory, ServerState last) throws IOException;

  /** Where to listen; 0 takes a free port, the same as last time where possible. */
  int port();

  Duration grace();

  Duration patience();

  Consumer<String> progress();
}
