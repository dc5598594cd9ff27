package dev.millrace.rpc;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.time.Duration;
import java.util.List;

/** Where a {@link Node} comes from. */
public final class Nodes {
  private Nodes() {}

  /** Makes a node of endpoints. Nothing is asked before the first call. */
  @SuppressWarnings("DoNotCallSuggester")
  public static Node open(List<String> endpoints, long chain, RpcSettings settings) {
    throw new MillraceException(
        Remedy.REPORT_BUG,
        "endpoints cannot be spoken to yet: endpoints=%d chain=%d poll=%s"
            .formatted(endpoints.size(), chain, settings.poll()));
  }

  /**
   * Asks every endpoint once whether a chain can be read from them.
   *
   * @param most how long to wait for one that answers
   * @throws MillraceException FIX_SETUP, if those that answer serve another chain or no logs;
   *     RESTART, if none answers
   */
  public static void check(List<String> endpoints, long chain, RpcSettings settings, Duration most)
      throws InterruptedException {
    try (Node node = open(endpoints, chain, settings)) {
      node.awaitHead(0, most);
    }
  }
}
