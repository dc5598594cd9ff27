package dev.millrace.rpc;

import dev.millrace.evm.LogFilter;
import dev.millrace.jsonrpc.EndpointUrl;
import dev.millrace.jsonrpc.InFlightByteBudget;
import dev.millrace.jsonrpc.JsonRpcTransport;
import dev.millrace.jsonrpc.TransportSettings;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiFunction;
import java.util.stream.Collectors;

/** Creates instances of {@link ChainNode}. */
public final class ChainNodeFactory {
  private ChainNodeFactory() {}

  /**
   * Opens a node over endpoints. Nothing is asked before the first call.
   *
   * @throws MillraceException FIX_SETUP if the address of an endpoint is malformed
   */
  public static ChainNode open(List<String> endpoints, long chain, RpcSettings settings) {
    return node(endpoints, chain, settings, JsonRpcTransport::to, new SystemCallRuntime());
  }

  /** Opens a node with transports and a runtime of the caller. */
  public static ChainNode open(
      List<String> endpoints,
      long chain,
      RpcSettings settings,
      BiFunction<EndpointUrl, TransportSettings, JsonRpcTransport> transports,
      CallRuntime runtime) {
    return node(endpoints, chain, settings, transports, runtime);
  }

  private static FailoverChainNode node(
      List<String> endpoints,
      long chain,
      RpcSettings settings,
      BiFunction<EndpointUrl, TransportSettings, JsonRpcTransport> transports,
      CallRuntime runtime) {
    InFlightByteBudget.Share inFlight = settings.inFlight().share();
    FailoverCaller calls = calls(endpoints, chain, settings, inFlight, transports, runtime);
    return new FailoverChainNode(calls, settings, inFlight, runtime);
  }

  private static FailoverCaller calls(
      List<String> addresses,
      long chain,
      RpcSettings settings,
      InFlightByteBudget.Share inFlight,
      BiFunction<EndpointUrl, TransportSettings, JsonRpcTransport> transports,
      CallRuntime runtime) {
    if (addresses.isEmpty()) {
      throw new MillraceException(Remedy.FIX_SETUP, "chain has no endpoint: chain=" + chain);
    }
    List<Endpoint> endpoints = new ArrayList<>();
    Map<String, Integer> hosts = new HashMap<>();
    for (String address : addresses) {
      EndpointUrl target = target(address, chain);
      int count = hosts.merge(target.toString(), 1, Integer::sum);
      InFlightByteBudget.Share replies = inFlight.ofEndpoint();
      TransportSettings wire =
          new TransportSettings(settings.timeout(), settings.replyLimit(), replies);
      endpoints.add(
          new Endpoint(
              count == 1 ? target.toString() : target + "#" + count,
              target,
              transports.apply(target, wire),
              replies,
              settings.replyTarget(),
              runtime.nanos()));
    }
    LearntLimitsFile memory =
        new LearntLimitsFile(
            settings.keepsLimits() ? settings.directory() : Optional.empty(),
            chain,
            InstantSource.system());
    return new FailoverCaller(
        new EndpointSelector(endpoints, chain, runtime, memory),
        NodeErrorTable.of(settings.directory()),
        chain,
        runtime);
  }

  private static EndpointUrl target(String address, long chain) {
    try {
      return EndpointUrl.of(address);
    } catch (IllegalArgumentException wrong) {
      throw new MillraceException(
          Remedy.FIX_SETUP, "%s chain=%d".formatted(wrong.getMessage(), chain), wrong);
    }
  }

  /**
   * Checks that a chain can be read from its endpoints: at least one of them must serve the chain
   * and its logs.
   *
   * @param max the longest wait for an answer
   * @throws MillraceException FIX_SETUP if the endpoints that answer serve another chain or no
   *     logs, or refuse their addresses; RESTART if none answers in time
   */
  public static void check(List<String> endpoints, long chain, RpcSettings settings, Duration max)
      throws InterruptedException {
    FailoverChainNode node =
        node(endpoints, chain, settings, JsonRpcTransport::to, new SystemCallRuntime());
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
        MillraceException unanswered = unanswered(node, chain, max);
        asked.cancel(true);
        throw unanswered;
      } catch (ExecutionException failed) {
        throw failed.getCause() instanceof MillraceException known
            ? known
            : new IllegalStateException(failed);
      }
    } finally {
      node.close();
    }
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
                reasons(node.status())));
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

  private static String reasons(NodeStatus status) {
    return status.endpoints().stream()
        .map(one -> one.name() + " " + (one.reason().isEmpty() ? "keeps silent" : one.reason()))
        .collect(Collectors.joining("\n  - "));
  }
}
