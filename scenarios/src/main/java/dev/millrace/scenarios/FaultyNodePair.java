package dev.millrace.scenarios;

import dev.millrace.devchain.DevChain;
import dev.millrace.devnode.DevNode;
import dev.millrace.devnode.NodeFault;
import dev.millrace.devnode.NodeFaults;
import java.util.List;

/**
 * Two nodes of one chain with realistic faults.
 *
 * <p>The first endpoint lags behind and keeps the blocks of replaced branches; both it and the
 * second answer a few requests in a hundred wrongly. The second knows the chain as it is.
 */
final class FaultyNodePair implements AutoCloseable {
  private static final double CHANCE = 0.03;
  private static final long LAG_BLOCKS = 3;
  private static final NodeFault[] FAULTS = {
    NodeFault.DISCONNECT,
    NodeFault.TRUNCATED,
    NodeFault.HTML,
    NodeFault.TOO_MANY_REQUESTS,
    NodeFault.UNAVAILABLE,
    NodeFault.LIMIT_EXCEEDED,
    NodeFault.INTERNAL_ERROR,
    NodeFault.OUT_OF_ORDER,
    NodeFault.NO_LOGS
  };

  private final DevNode lagging;
  private final DevNode current;

  private FaultyNodePair(DevNode lagging, DevNode current) {
    this.lagging = lagging;
    this.current = current;
  }

  static FaultyNodePair open(DevChain chain) {
    return open(chain, CHANCE);
  }

  /**
   * Opens both nodes.
   *
   * @param chance the share of requests that fail
   */
  static FaultyNodePair open(DevChain chain, double chance) {
    NodeFaults behind =
        NodeFaults.none().sometimes(chance, FAULTS).stale(LAG_BLOCKS).keepReplaced(true);
    DevNode lagging = DevNode.open(chain, behind, 0);
    DevNode current = DevNode.open(chain, NodeFaults.none().sometimes(chance, FAULTS), 0);
    return new FaultyNodePair(lagging, current);
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
