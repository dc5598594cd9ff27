package dev.millrace.scenarios;

import dev.millrace.devchain.DevChain;
import dev.millrace.devnode.DevNode;
import dev.millrace.devnode.Mishap;
import dev.millrace.devnode.Troubles;
import java.util.List;

/**
 * Two nodes of one chain with realistic faults.
 *
 * <p>The first endpoint lags behind and keeps the blocks of replaced branches; both it and the
 * second answer a few requests in a hundred wrongly. The second knows the chain as it is.
 */
final class TroubledNodes implements AutoCloseable {
  private static final double CHANCE = 0.03;
  private static final long LAG_BLOCKS = 3;
  private static final Mishap[] MISHAPS = {
    Mishap.DISCONNECT,
    Mishap.TRUNCATED,
    Mishap.HTML,
    Mishap.TOO_MANY_REQUESTS,
    Mishap.UNAVAILABLE,
    Mishap.LIMIT_EXCEEDED,
    Mishap.INTERNAL_ERROR,
    Mishap.OUT_OF_ORDER,
    Mishap.NO_LOGS
  };

  private final DevNode lagging;
  private final DevNode current;

  private TroubledNodes(DevNode lagging, DevNode current) {
    this.lagging = lagging;
    this.current = current;
  }

  static TroubledNodes open(DevChain chain) {
    return open(chain, CHANCE);
  }

  /**
   * Opens both nodes.
   *
   * @param chance the share of requests that fail
   */
  static TroubledNodes open(DevChain chain, double chance) {
    Troubles behind =
        Troubles.none().sometimes(chance, MISHAPS).stale(LAG_BLOCKS).keepReplaced(true);
    DevNode lagging = DevNode.open(chain, behind, 0);
    DevNode current = DevNode.open(chain, Troubles.none().sometimes(chance, MISHAPS), 0);
    return new TroubledNodes(lagging, current);
  }

  /** Returns the URLs, one over HTTP and one over WebSocket. */
  List<String> urls() {
    return List.of(lagging.url(), current.webSocketUrl());
  }

  @Override
  public void close() {
    lagging.close();
    current.close();
  }
}
