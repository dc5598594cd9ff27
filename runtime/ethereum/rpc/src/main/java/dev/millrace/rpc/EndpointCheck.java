package dev.millrace.rpc;

import dev.millrace.evm.LogFilter;
import dev.millrace.jsonrpc.JsonRpcTransport;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/**
 * Checks that a chain can be read from its endpoints: at least one of them must serve the chain and
 * its logs.
 */
public final class EndpointCheck implements AutoCloseable {
  private final FailoverChainNode node;
  private final long chain;

  /**
   * Asks nothing yet.
   *
   * @throws MillraceException FIX_SETUP if the address of an endpoint is malformed
   */
  public EndpointCheck(List<String> endpoints, long chain, RpcSettings settings) {
    this.chain = chain;
    node =
        ChainNodeFactory.node(
            endpoints, chain, settings, JsonRpcTransport::to, new SystemCallRuntime());
  }

  /**
   * Returns once an endpoint has answered as it should.
   *
   * @param max the longest wait for an answer
   * @throws MillraceException FIX_SETUP if the endpoints that answer serve another chain or no
   *     logs, or refuse their addresses; RESTART if none answers in time
   */
  public void run(Duration max) throws InterruptedException {
    try (ExecutorService thread = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> asked =
          thread.submit(() -> {
            node.chainId();
            node.block(BlockTag.LATEST).ifPresent(head -> tryLogs(node, head));
            return null;
          });
      try {
        asked.get(max.toNanos(), TimeUnit.NANOSECONDS);
      } catch (TimeoutException _) {
        throw unanswered(node, chain, max);
      } catch (ExecutionException failed) {
        throw failed.getCause() instanceof MillraceException known
            ? known
            : new IllegalStateException(failed);
      } finally {
        asked.cancel(true); // also after an interrupt: else the executor waits for an answer
      }
    }
  }

  /** Returns what {@link #run} waits for, in words for people. Any thread. */
  public String waitingFor() {
    return "an endpoint of chain %d to answer: %s".formatted(chain, reasons(node.status(), ", "));
  }

  @Override
  public void close() {
    node.close();
  }

  /** Distinguishes an outage, which ends, from addresses that have to be mended. */
  static MillraceException unanswered(FailoverChainNode node, long chain, Duration max) {
    boolean isRefused = node.areAllAddressesRefused();
    return new MillraceException(
        isRefused ? Remedy.FIX_SETUP : Remedy.RESTART,
        "%s: chain=%d seconds=%d\n  - %s"
            .formatted(
                isRefused
                    ? "every endpoint of the chain refuses its url or key"
                    : "no endpoint of the chain answers",
                chain,
                max.toSeconds(),
                reasons(node.status(), "\n  - ")));
  }

  private static void tryLogs(ChainNode node, NodeBlockHeader head) {
    long number = head.header().number();
    LogFilter nothing = new LogFilter(List.of(), List.of(Bytes32.ZERO));
    try {
      node.logs(new LogQuery(nothing, number, number));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private static String reasons(NodeStatus status, String separator) {
    return status.endpoints().stream()
        .map(one -> one.name() + " " + (one.reason().isEmpty() ? "keeps silent" : one.reason()))
        .collect(Collectors.joining(separator));
  }
}
