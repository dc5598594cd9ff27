package dev.millrace.evm;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The events of one contract of a definition, and its current addresses on one chain. */
final class ContractRoutes {
  private final ContractDefinition definition;
  private final List<Address> addresses = new ArrayList<>();
  private final LogHandlerRoute[] routes;
  private @Nullable LogFilter filter;

  ContractRoutes(ContractDefinition definition, Stream<LogHandler<?>> handlers) {
    this.definition = definition;
    // A topic identifies an event for sure, so routes with one go before routes with a count alone.
    this.routes =
        handlers
            .map(LogHandlerRoute::new)
            .sorted(Comparator.comparing(route -> route.topic().isEmpty()))
            .toArray(LogHandlerRoute[]::new);
  }

  String name() {
    return definition.name();
  }

  boolean isAnywhere() {
    return definition.anywhere();
  }

  boolean isFound() {
    return definition.isFound();
  }

  void add(Address address) {
    addresses.add(address);
    filter = null;
  }

  /** Removes the address that was added last. */
  void removeLast() {
    addresses.removeLast();
    filter = null;
  }

  boolean hasAddress() {
    return !addresses.isEmpty();
  }

  /** True if an event of this contract creates other contracts. */
  boolean createsOthers() {
    for (LogHandlerRoute route : routes) {
      if (route.handler().finders().length > 0) {
        return true;
      }
    }
    return false;
  }

  /** Finds the handler of a log; null if this contract has none. */
  @Nullable LogHandler<?> find(Log log) {
    for (LogHandlerRoute route : routes) {
      if (route.matches(log)) {
        return route.handler();
      }
    }
    return null;
  }

  List<LogHandlerRoute> routes() {
    return List.of(routes);
  }

  /** The filter to request; valid only while the contract listens anywhere or has an address. */
  LogFilter filter() {
    LogFilter known = filter;
    if (known == null) {
      known = new LogFilter(addresses, topics());
      filter = known;
    }
    return known;
  }

  private List<Bytes32> topics() {
    Set<Bytes32> topics = new LinkedHashSet<>();
    for (LogHandlerRoute route : routes) {
      Optional<Bytes32> topic = route.topic();
      if (topic.isEmpty()) {
        return List.of();
      }
      topics.add(topic.get());
    }
    return List.copyOf(topics);
  }
}
