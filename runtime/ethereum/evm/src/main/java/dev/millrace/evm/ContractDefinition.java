package dev.millrace.evm;

import java.util.List;

/**
 * A contract of a definition.
 *
 * @param anywhere true if the contract listens to every address
 * @param finders the events by which such contracts are discovered
 */
record ContractDefinition(
    String name,
    boolean anywhere,
    List<ContractDiscovery<?>> finders,
    List<EventDefinition<?>> events) {
  ContractDefinition {
    finders = List.copyOf(finders);
    events = List.copyOf(events);
  }

  boolean isFound() {
    return !finders.isEmpty();
  }

  boolean declares(Class<?> event) {
    return events.stream().anyMatch(each -> each.type() == event);
  }
}
