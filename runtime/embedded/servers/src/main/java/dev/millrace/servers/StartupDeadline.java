package dev.millrace.servers;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * Bounded waiting for other processes, whose files and locks can only be polled. Reports after a
 * second, then every ten, and ends with an error that names what was waited for.
 */
final class StartupDeadline {
  private static final Duration FIRST_WORD = Duration.ofSeconds(1);
  private static final Duration NEXT_WORD = Duration.ofSeconds(10);

  private final String what;
  private final Consumer<String> progress;
  private final long end;
  private long nextWord;

  StartupDeadline(String what, Duration patience, Consumer<String> progress) {
    long now = System.nanoTime();
    this.what = what;
    this.progress = progress;
    this.end = now + patience.toNanos();
    this.nextWord = now + FIRST_WORD.toNanos();
  }

  void pause(Duration poll) {
    long now = System.nanoTime();
    if (now - end >= 0) {
      throw new EmbeddedException("waited too long: for=" + what);
    }
    if (now - nextWord >= 0) {
      progress.accept("waiting for " + what);
      nextWord = now + NEXT_WORD.toNanos();
    }
    LockSupport.parkNanos(poll.toNanos());
    if (Thread.currentThread().isInterrupted()) {
      throw new EmbeddedException("interrupted while waiting: for=" + what);
    }
  }
}
