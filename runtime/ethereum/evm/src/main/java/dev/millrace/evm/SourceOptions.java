package dev.millrace.evm;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Settings for reading a chain. They do not change the data, except that a log which does not
 * decode is passed over or ends the lane.
 *
 * @param directory the directory for raw logs, learnt limits and the user's error rows; empty: none
 * @param cacheBytes maximum size of the raw logs of this chain there; 0: none are kept
 * @param auditRatio the share of ranges whose logs are checked against the blooms of their blocks
 * @param poll the interval at which a node is asked for its head, unless it reports one before
 */
public record SourceOptions(
    Optional<Path> directory,
    long cacheBytes,
    double auditRatio,
    Undecodable undecodable,
    Duration poll) {
  public static final SourceOptions DEFAULTS =
      new SourceOptions(Optional.empty(), 4L << 30, 0.01, Undecodable.SKIP, Duration.ofSeconds(1));

  public SourceOptions {
    if (cacheBytes < 0 || !(auditRatio >= 0 && auditRatio <= 1) || !poll.isPositive()) {
      throw new IllegalArgumentException(
          "reading of a chain has an impossible setting: cacheBytes=%d audited=%s poll=%s"
              .formatted(cacheBytes, auditRatio, poll));
    }
  }

  public SourceOptions withDirectory(Path other) {
    return new SourceOptions(Optional.of(other), cacheBytes, auditRatio, undecodable, poll);
  }

  public SourceOptions withCacheBytes(long other) {
    return new SourceOptions(directory, other, auditRatio, undecodable, poll);
  }

  public SourceOptions withAuditRatio(double other) {
    return new SourceOptions(directory, cacheBytes, other, undecodable, poll);
  }

  public SourceOptions withUndecodable(Undecodable other) {
    return new SourceOptions(directory, cacheBytes, auditRatio, other, poll);
  }

  public SourceOptions withPoll(Duration other) {
    return new SourceOptions(directory, cacheBytes, auditRatio, undecodable, other);
  }
}
