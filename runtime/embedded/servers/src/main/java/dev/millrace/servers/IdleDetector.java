package dev.millrace.servers;

import java.nio.file.Files;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Decides when the users of a server have left for good. The decision is final: the claim on their
 * lock is kept, so that no process can become a user of a server that is about to stop.
 */
final class IdleDetector {
  private final ServerDirectory directory;
  private final Duration idleTimeout;

  private long lastSeen = System.nanoTime();
  private @Nullable FileClaim kept;

  IdleDetector(ServerDirectory directory, Duration grace) {
    this.directory = directory;
    this.idleTimeout = grace;
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
    if (now - lastSeen < idleTimeout.toNanos() && !Files.exists(directory.stopRequest())) {
      claim.get().close();
      return false;
    }
    kept = claim.get();
    return true;
  }
}
