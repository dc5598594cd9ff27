package dev.millrace.evm;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.TriggerableJob;
import dev.millrace.pipeline.Indexer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** A complete definition of an indexer of Ethereum chains. A value; it runs nothing. */
public final class EvmIndexer implements Indexer {
  private final String name;
  private final List<EntityType<?>> entities;
  private final List<ContractDefinition> contracts;
  private final List<TriggerableJob<?>> jobs;

  EvmIndexer(
      String name,
      List<EntityType<?>> entities,
      List<ContractDefinition> contracts,
      List<TriggerableJob<?>> jobs) {
    this.name = name;
    this.entities = List.copyOf(entities);
    this.contracts = List.copyOf(contracts);
    this.jobs = List.copyOf(jobs);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<EntityType<?>> entities() {
    return entities;
  }

  @Override
  public List<TriggerableJob<?>> jobs() {
    return jobs;
  }

  /**
   * The contracts whose addresses a configuration must set, in the order of the definition.
   * Discovered contracts may have addresses too, known beforehand.
   */
  public List<String> contracts() {
    return contracts.stream()
        .filter(contract -> !contract.anywhere() && !contract.isFound())
        .map(ContractDefinition::name)
        .toList();
  }

  /** The event records that each contract has handlers for, in the order of the definition. */
  public Map<String, List<Class<?>>> events() {
    Map<String, List<Class<?>>> events = new LinkedHashMap<>();
    for (ContractDefinition contract : contracts) {
      List<Class<?>> records = new ArrayList<>();
      contract.events().forEach(event -> records.add(event.type()));
      events.put(contract.name(), List.copyOf(records));
    }
    return Collections.unmodifiableMap(events);
  }

  /** Contracts and events. The code that knows the config adds addresses and first blocks. */
  @Override
  public SortedMap<String, String> sourceRequirements() {
    SortedMap<String, String> asks = new TreeMap<>();
    for (ContractDefinition contract : contracts) {
      for (EventDefinition<?> event : contract.events()) {
        asks.put(
            contract.name() + "." + event.key(),
            event.signature().asked()
                + (contract.anywhere() ? " anywhere" : "")
                + (event.handler() == null ? " without a handler" : ""));
      }
      for (ContractDiscovery<?> finder : contract.finders()) {
        asks.merge(
            contract.name() + " found by",
            finder.event().getSimpleName(),
            (one, other) -> one + ", " + other);
      }
    }
    return Collections.unmodifiableSortedMap(asks);
  }

  List<ContractDefinition> definitions() {
    return contracts;
  }

  @Override
  public String toString() {
    return name;
  }
}
