package dev.millrace.servers;

import java.time.Duration;
import java.util.Optional;

/** One run of a server, as its supervisor sees it. */
interface ServerProcess {
  /** Waits for the end of the process, at most this long; true if it still runs. */
  boolean isAlive(Duration patience);

  boolean isReady();

  long pid();

  /** Returns the reason to replace the server; empty while it answers or computes. */
  Optional<String> hangs();

  /** Ends the process at once, without a clean shutdown. */
  void kill();

  /** Shuts the server down, cleanly if possible; it has ended when this returns. */
  void stop();

  /** Returns the reason for its end, as far as it logged one. */
  String lastWords();
}
