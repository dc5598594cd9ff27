package dev.millrace.rpc;

import dev.millrace.jsonrpc.EndpointUrl;
import dev.millrace.jsonrpc.InFlightByteBudget;
import dev.millrace.jsonrpc.JsonRpcTransport;
import dev.millrace.jsonrpc.TransportSettings;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;

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

  static FailoverChainNode node(
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
}
