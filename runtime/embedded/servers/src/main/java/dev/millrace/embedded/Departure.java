package dev.millrace.embedded;

import java.nio.file.Files;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Decides when the users of a server have left for good. The decision is final: the claim on their
 * lock is kept, so that no process can become a user of a server that is about to stop.
 */
final class Departure {
  private final ServerDirectory directory;
  private final Duration grace;

  private long lastSeen = System.nanoTime();
  private @Nullable FileClaim kept;

  Departure(ServerDirectory directory, Duration grace) {
    this.directory = directory;
    this.grace = grace;
  }

  boolean isOver() {
    if (kept != null) {
      return true;
    }
    Optional<FileClaim> claim = FileClaim.tryExclusive(directory.usersLock());
    long now = System.nanoTime();
    if (claim.isEmpty()) {
      lastSeen = now;
      return false;
    }
    if (now - lastSeen < grace.toNanos() && !Files.exists(directory.stopRequest())) {
      claim.get().close();
      return false;
    }
    kept = claim.get();
    return true;
  }
}
