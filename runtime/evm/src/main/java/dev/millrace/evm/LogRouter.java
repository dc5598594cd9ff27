package dev.millrace.evm;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Event;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Turns the logs of one chain into events of the pipeline.
 *
 * <p>A log belongs to the handler of its contract's address, else to a handler that listens
 * anywhere. One that was asked for by its address must decode: otherwise the definition is wrong,
 * and going on would lose it. Anyone can write a log that only looks like ours, so elsewhere what
 * does not decode is passed over.
 */
public final class LogRouter {
  private final long chain;
  private final Map<Bytes32, Route> routes = new HashMap<>();
  private final List<String> mistakes = new ArrayList<>();

  /** Who handles the logs with one first topic. */
  private record Route(Map<Target, LogHandler<?>> at, Map<Integer, LogHandler<?>> anywhere) {
    Route() {
      this(new HashMap<>(), new HashMap<>());
    }
  }

  /** Events that differ only in what is indexed share a first topic, so the count belongs to it. */
  private record Target(Address contract, int topics) {}

  private LogRouter(long chain) {
    this.chain = chain;
  }

  /**
   * Makes the router of a chain.
   *
   * @param contracts the addresses of each contract, by its name in the definition
   * @throws MillraceException if they do not fit the definition
   */
  public static LogRouter of(
      EvmIndexer indexer, long chain, Map<String, ? extends Collection<Address>> contracts) {
    LogRouter router = new LogRouter(chain);
    for (String name : contracts.keySet()) {
      if (!indexer.contracts().contains(name)) {
        router.mistakes.add(
            "contract is not defined, or listens anywhere: name=%s known=%s"
                .formatted(name, indexer.contracts()));
      }
    }
    for (ContractDefinition contract : indexer.definitions()) {
      Collection<Address> addresses = contracts.get(contract.name());
      router.add(contract, addresses == null ? List.of() : addresses);
    }
    if (!router.mistakes.isEmpty()) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "contracts of a chain are wrong: chain=%d\n  - %s"
              .formatted(chain, String.join("\n  - ", router.mistakes)));
    }
    return router;
  }

  private void add(ContractDefinition contract, Collection<Address> addresses) {
    if (!contract.anywhere() && addresses.isEmpty()) {
      mistakes.add("contract has no address: name=" + contract.name());
    }
    for (EventDefinition<?> event : contract.events()) {
      LogHandler<?> handler = new LogHandler<>(contract.name(), event, chain);
      int topics = event.signature().topics();
      Route route = routes.computeIfAbsent(event.signature().topic(), _ -> new Route());
      if (contract.anywhere()) {
        check(route.anywhere().put(topics, handler), handler, "anywhere");
      }
      for (Address address : contract.anywhere() ? List.<Address>of() : addresses) {
        check(route.at().put(new Target(address, topics), handler), handler, address.toString());
      }
    }
  }

  private void check(@Nullable LogHandler<?> before, LogHandler<?> handler, String where) {
    if (before != null) {
      mistakes.add(
          "two handlers take one log: contract=%s handlers=%s, %s"
              .formatted(where, before.name(), handler.name()));
    }
  }

  /** Whether a log of this contract that begins with this topic may have a handler. */
  public boolean asks(Address contract, Bytes32 topic) {
    Route route = routes.get(topic);
    return route != null
        && (!route.anywhere().isEmpty()
            || route.at().keySet().stream().anyMatch(at -> at.contract().equals(contract)));
  }

  /** The event that a log is for its handler; null if nobody asked for it. */
  public @Nullable Event route(Log log) {
    Route route = log.topics() == 0 ? null : routes.get(log.topic(0));
    if (route == null) {
      return null;
    }
    LogHandler<?> handler = route.at().get(new Target(log.contract(), log.topics()));
    if (handler != null) {
      return handler.event(log);
    }
    LogHandler<?> listener = route.anywhere().get(log.topics());
    if (listener == null) {
      return null;
    }
    try {
      return listener.event(log);
    } catch (MillraceException _) {
      return null;
    }
  }
}
