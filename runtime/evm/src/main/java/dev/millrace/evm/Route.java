package dev.millrace.evm;

import dev.millrace.loaders.Bytes32;

/**
 * Which logs of a contract are one of its events: those that begin with its topic and have as many
 * topics as it. Events that differ only in what is indexed share a topic, so the count belongs to
 * it.
 */
final class Route {
  private final Bytes32 topic;
  private final int topics;
  private final LogHandler<?> handler;

  Route(Bytes32 topic, int topics, LogHandler<?> handler) {
    this.topic = topic;
    this.topics = topics;
    this.handler = handler;
  }

  boolean takes(Log log) {
    return log.topics() == topics && topics > 0 && log.topic(0).equals(topic);
  }

  boolean overlaps(Route other) {
    return topics == other.topics && topic.equals(other.topic);
  }

  Bytes32 topic() {
    return topic;
  }

  LogHandler<?> handler() {
    return handler;
  }
}
