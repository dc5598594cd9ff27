package dev.millrace.postgres;

import java.time.Instant;

/** The process that holds a lane, as it has registered itself. */
public record LeaseHolder(String host, long pid, Instant since) {
  @Override
  public String toString() {
    return "host=%s pid=%d since=%s".formatted(host, pid, since);
  }
}
