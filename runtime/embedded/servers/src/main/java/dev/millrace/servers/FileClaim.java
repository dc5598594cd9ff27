package dev.millrace.servers;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * A lock on a file that the kernel drops when its process ends, however it ends.
 *
 * <p>These are POSIX record locks: they belong to the process, and closing any channel on the file
 * drops them all. Within one JVM a file must therefore be claimed once at a time, which {@link
 * JvmServerClaim} ensures.
 */
final class FileClaim implements AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(10);

  private final FileChannel channel;

  private FileClaim(FileChannel channel) {
    this.channel = channel;
  }

  static Optional<FileClaim> tryShared(Path file) {
    return tryClaim(file, true);
  }

  static Optional<FileClaim> tryExclusive(Path file) {
    return tryClaim(file, false);
  }

  static FileClaim awaitShared(Path file, StartupDeadline waiting) {
    return await(file, true, waiting);
  }

  static FileClaim awaitExclusive(Path file, StartupDeadline waiting) {
    return await(file, false, waiting);
  }

  private static FileClaim await(Path file, boolean shared, StartupDeadline waiting) {
    while (true) {
      Optional<FileClaim> claim = tryClaim(file, shared);
      if (claim.isPresent()) {
        return claim.get();
      }
      waiting.pause(POLL);
    }
  }

  private static Optional<FileClaim> tryClaim(Path file, boolean shared) {
    FileChannel channel;
    try {
      channel = FileChannel.open(file, CREATE, READ, WRITE);
    } catch (IOException e) {
      throw refused(file, e);
    }
    boolean taken = false;
    try {
      FileLock lock = channel.tryLock(0, Long.MAX_VALUE, shared);
      taken = lock != null;
      return taken ? Optional.of(new FileClaim(channel)) : Optional.empty();
    } catch (OverlappingFileLockException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw refused(file, e);
    } finally {
      if (!taken) {
        close(channel);
      }
    }
  }

  private static EmbeddedException refused(Path file, IOException cause) {
    return new EmbeddedException(
        "lock file must be on a disk that we may write and that knows locks: file="
            + file
            + " cause="
            + cause,
        cause);
  }

  private static void close(FileChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      // Closing the descriptor drops the lock, even if it fails.
    }
  }

  @Override
  public void close() {
    close(channel);
  }
}
