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

/** The events of one contract of a definition, and where on one chain it lives just now. */
final class ContractRoutes {
  private final ContractDefinition definition;
  private final List<Address> addresses = new ArrayList<>();
  private final Route[] routes;
  private @Nullable LogFilter filter;

  ContractRoutes(ContractDefinition definition, Stream<LogHandler<?>> handlers) {
    this.definition = definition;
    // What has a topic is known for sure, so it goes before what is told by a count alone.
    this.routes =
        handlers
            .map(Route::new)
            .sorted(Comparator.comparing(route -> route.topic().isEmpty()))
            .toArray(Route[]::new);
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

  /** Takes the address back that was added last. */
  void removeLast() {
    addresses.removeLast();
    filter = null;
  }

  boolean hasAddress() {
    return !addresses.isEmpty();
  }

  /** Whether an event of this contract creates others. */
  boolean createsOthers() {
    for (Route route : routes) {
      if (route.handler().finders().length > 0) {
        return true;
      }
    }
    return false;
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
      known = new LogFilter(addresses, topics());
      filter = known;
    }
    return known;
  }

  private List<Bytes32> topics() {
    Set<Bytes32> topics = new LinkedHashSet<>();
    for (Route route : routes) {
      Optional<Bytes32> topic = route.topic();
      if (topic.isEmpty()) {
        return List.of();
      }
      topics.add(topic.get());
    }
    return List.copyOf(topics);
  }
}
