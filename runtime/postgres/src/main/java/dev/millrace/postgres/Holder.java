package dev.millrace.postgres;

import java.time.Instant;

/** The process that has a lane, by its own account. */
public record Holder(String host, long pid, Instant since) {
  @Override
  public String toString() {
    return "host=%s pid=%d since=%s".formatted(host, pid, since);
  }
}
