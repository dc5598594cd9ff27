package dev.millrace.rpc;

import java.util.List;
import java.util.SortedMap;

/**
 * What is known of a chain's endpoints.
 *
 * @param waitingFor why calls wait, in words for people; empty if none does
 */
public record NodeStatus(List<Endpoint> endpoints, String waitingFor) {
  public NodeStatus {
    endpoints = List.copyOf(endpoints);
  }

  public enum State {
    /** Not asked yet. */
    FRESH,
    GOOD,
    /** It asked for fewer requests, and is given them. */
    LIMITED,
    /** It does not answer as it should, and is tried again from time to time. */
    FAILING,
    /** It serves another chain, and is asked for its chain again after minutes. */
    WRONG
  }

  /**
   * One endpoint.
   *
   * @param name scheme and host; of several on one host also a number, never what may be a key
   * @param reason why it is in this state; empty if it is good
   * @param latencyMillis how long it took lately; 0 before the first reply
   * @param requestsPerSecond how many requests it allows; infinite until it refused some
   * @param span how many blocks it is asked for at once
   * @param errors how often it failed, by kind
   */
  public record Endpoint(
      String name,
      State state,
      String reason,
      double latencyMillis,
      double requestsPerSecond,
      long span,
      long requests,
      SortedMap<String, Long> errors) {}
}
