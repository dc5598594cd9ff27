package dev.millrace.evm;

import dev.millrace.loaders.Bytes32;
import java.util.Optional;

/**
 * Matches the logs of a contract that are one of its events: logs that begin with its topic and
 * have as many topics as the event. Events that differ only in what is indexed share a topic, so
 * the count is part of the match; an anonymous event has nothing but the count.
 */
final class LogHandlerRoute {
  private final Optional<Bytes32> topic;
  private final int topics;
  private final LogHandler<?> handler;
  private final long[] parts = new long[4];

  LogHandlerRoute(LogHandler<?> handler) {
    this.topic = handler.signature().topic();
    this.topics = handler.signature().topics();
    this.handler = handler;
    byte[] bytes = topic.orElse(Bytes32.ZERO).bytes();
    for (int i = 0; i < parts.length; i++) {
      parts[i] = Log.part(bytes, i);
    }
  }

  boolean matches(Log log) {
    return log.topics() == topics && (topic.isEmpty() || log.beginsWith(parts));
  }

  boolean overlaps(LogHandlerRoute other) {
    return topics == other.topics && topic.equals(other.topic);
  }

  Optional<Bytes32> topic() {
    return topic;
  }

  LogHandler<?> handler() {
    return handler;
  }
}
