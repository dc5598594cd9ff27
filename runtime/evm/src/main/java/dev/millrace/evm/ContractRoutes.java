package dev.millrace.evm;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The events of one contract of a definition, and where on one chain it lives just now. */
final class ContractRoutes {
  private final ContractDefinition definition;
  private final List<Address> addresses = new ArrayList<>();
  private final Route[] routes;
  private @Nullable LogFilter filter;

  ContractRoutes(ContractDefinition definition, LazyFields lazy, long chain) {
    this.definition = definition;
    this.routes =
        definition.events().stream()
            .map(event ->
                new Route(
                    event.signature().topic(),
                    event.signature().topics(),
                    new LogHandler<>(definition.name(), event, lazy, chain)))
            .toArray(Route[]::new);
  }

  String name() {
    return definition.name();
  }

  boolean isAnywhere() {
    return definition.anywhere();
  }

  void add(Address address) {
    addresses.add(address);
    filter = null;
  }

  boolean hasAddress() {
    return !addresses.isEmpty();
  }

  /** Who takes a log; null if nobody here does. */
  @Nullable LogHandler<?> find(Log log) {
    for (Route route : routes) {
      if (route.takes(log)) {
        return route.handler();
      }
    }
    return null;
  }

  List<Route> routes() {
    return List.of(routes);
  }

  /** What has to be asked for; only while it listens anywhere or has an address. */
  LogFilter filter() {
    LogFilter known = filter;
    if (known == null) {
      Set<Bytes32> topics = new LinkedHashSet<>();
      for (Route route : routes) {
        topics.add(route.topic());
      }
      known = new LogFilter(addresses, List.copyOf(topics));
      filter = known;
    }
    return known;
  }
}
