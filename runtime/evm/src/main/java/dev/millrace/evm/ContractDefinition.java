package dev.millrace.evm;

import java.util.List;

/**
 * A contract of a definition.
 *
 * @param anywhere whether it listens to every address
 * @param finders the events that create such contracts on the way
 */
record ContractDefinition(
    String name, boolean anywhere, List<Finder<?>> finders, List<EventDefinition<?>> events) {
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
