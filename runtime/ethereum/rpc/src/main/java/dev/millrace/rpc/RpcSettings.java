package dev.millrace.rpc;

import dev.millrace.jsonrpc.InFlightByteBudget;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Settings for the use of endpoints.
 *
 * @param directory the directory for learnt limits and for further rows of the error table; empty:
 *     none
 * @param keepsLimits false for questions beside a lane: limits are neither recalled nor written
 * @param inFlight the budget of reply bytes in flight; shared by all chains of the process unless
 *     another is given
 * @param poll the interval at which a node is asked for its head, unless it reports one before
 * @param timeout the longest silence in a reply
 * @param replyTarget the size that replies should have
 * @param replyLimit the size at which a reply is cut off and asked for in smaller parts
 */
public record RpcSettings(
    Optional<Path> directory,
    boolean keepsLimits,
    InFlightByteBudget inFlight,
    Duration poll,
    Duration timeout,
    long replyTarget,
    long replyLimit) {
  /** One budget for all chains of a process: ten chains must not take ten times as much. */
  private static final InFlightByteBudget PROCESS = new InFlightByteBudget(64 << 20);

  public RpcSettings {
    if (!poll.isPositive() || !timeout.isPositive() || replyTarget < 1 || replyLimit < 1) {
      throw new IllegalArgumentException(
          "endpoints have an impossible setting: poll=%s timeout=%s replyTarget=%d replyLimit=%d"
              .formatted(poll, timeout, replyTarget, replyLimit));
    }
  }

  public static RpcSettings defaults() {
    return new RpcSettings(
        Optional.empty(),
        true,
        PROCESS,
        Duration.ofSeconds(1),
        Duration.ofSeconds(30),
        8 << 20,
        64 << 20);
  }

  public RpcSettings withDirectory(Optional<Path> other) {
    return new RpcSettings(other, keepsLimits, inFlight, poll, timeout, replyTarget, replyLimit);
  }

  /** Reads the error table of the directory, and writes nothing there. */
  public RpcSettings withoutLimits() {
    return new RpcSettings(directory, false, inFlight, poll, timeout, replyTarget, replyLimit);
  }

  public RpcSettings withInFlight(InFlightByteBudget other) {
    return new RpcSettings(directory, keepsLimits, other, poll, timeout, replyTarget, replyLimit);
  }

  public RpcSettings withPoll(Duration other) {
    return new RpcSettings(
        directory, keepsLimits, inFlight, other, timeout, replyTarget, replyLimit);
  }

  public RpcSettings withTimeout(Duration other) {
    return new RpcSettings(directory, keepsLimits, inFlight, poll, other, replyTarget, replyLimit);
  }

  public RpcSettings withReplies(long target, long limit) {
    return new RpcSettings(directory, keepsLimits, inFlight, poll, timeout, target, limit);
  }
}
