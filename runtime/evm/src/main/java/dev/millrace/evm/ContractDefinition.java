package dev.millrace.evm;

import java.util.List;

/** The events of a contract that have handlers. */
record ContractDefinition(String name, boolean anywhere, List<EventDefinition<?>> events) {
  ContractDefinition {
    events = List.copyOf(events);
  }
}
