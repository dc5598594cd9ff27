package dev.millrace.rpc;

import java.util.List;
import java.util.SortedMap;

/**
 * State of a chain's endpoints.
 *
 * @param waitingFor the reason why calls wait, in words for people; empty if none waits
 */
public record NodeStatus(List<Endpoint> endpoints, String waitingFor) {
  public NodeStatus {
    endpoints = List.copyOf(endpoints);
  }

  public enum State {
    /** Not asked yet. */
    FRESH,
    GOOD,
    /** Asked for fewer requests, and is sent fewer. */
    LIMITED,
    /** Does not answer as it should; tried again from time to time. */
    FAILING,
    /** Serves another chain; asked for its chain again after minutes. */
    WRONG
  }

  /**
   * State of one endpoint.
   *
   * @param name scheme and host, and a number if several share the host; never a part of the
   *     address that may be a key
   * @param reason the reason for the state; empty if the endpoint is good
   * @param latencyMillis recent response time; 0 before the first reply
   * @param requestsPerSecond requests that the endpoint allows; infinite until it refuses some
   * @param span blocks that it is asked for at once
   * @param errors failures by kind
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
