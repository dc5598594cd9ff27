package dev.millrace.embedded;

import java.time.Duration;
import java.util.Optional;

/** One run of a server, as its supervisor sees it. */
interface ServerProcess {
  /** Waits for its end, so long. */
  boolean isAlive(Duration patience);

  boolean isReady();

  long pid();

  /** Empty while it answers or computes; otherwise the reason to replace it. */
  Optional<String> hangs();

  /** At once, and not in order. */
  void kill();

  /** In order if it goes; in any case it has ended afterwards. */
  void stop();

  /** Why it ended, as far as it said. */
  String lastWords();
}
