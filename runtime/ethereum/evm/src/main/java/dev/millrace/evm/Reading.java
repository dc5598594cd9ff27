package dev.millrace.evm;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Settings for reading a chain. They do not change the data, except that a log which does not
 * decode is passed over or ends the lane.
 *
 * @param directory the directory for raw logs and learnt limits; empty: none
 * @param cacheBytes maximum size of the raw logs of this chain there; 0: none are kept
 * @param audited the share of ranges whose logs are checked against the blooms of their blocks
 * @param poll the interval at which a node without notifications is asked for its head
 */
public record Reading(
    Optional<Path> directory,
    long cacheBytes,
    double audited,
    Undecodable undecodable,
    Duration poll) {
  public static final Reading USUAL =
      new Reading(Optional.empty(), 4L << 30, 0.01, Undecodable.SKIP, Duration.ofSeconds(1));

  public Reading {
    if (cacheBytes < 0 || !(audited >= 0 && audited <= 1) || !poll.isPositive()) {
      throw new IllegalArgumentException(
          "reading of a chain has an impossible setting: cacheBytes=%d audited=%s poll=%s"
              .formatted(cacheBytes, audited, poll));
    }
  }

  public Reading withDirectory(Path other) {
    return new Reading(Optional.of(other), cacheBytes, audited, undecodable, poll);
  }

  public Reading withCacheBytes(long other) {
    return new Reading(directory, other, audited, undecodable, poll);
  }

  public Reading withAudited(double other) {
    return new Reading(directory, cacheBytes, other, undecodable, poll);
  }

  public Reading withUndecodable(Undecodable other) {
    return new Reading(directory, cacheBytes, audited, other, poll);
  }

  public Reading withPoll(Duration other) {
    return new Reading(directory, cacheBytes, audited, undecodable, other);
  }
}
