package dev.millrace.evm;

import dev.millrace.loaders.DefinitionException;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.TriggerableJob;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** The entry point of a definition: {@code Evm.indexer("erc20")}. */
public final class Evm {
  private static final int MAX_NAME = 63;

  private Evm() {}

  /** Begins an indexer. Its name is also the name of its schema. */
  public static Definition indexer(String name) {
    return new Definition(name);
  }

  /** An indexer under construction. */
  public static final class Definition {
    private final String name;
    private final List<String> mistakes = new ArrayList<>();
    private final List<EntityType<?>> entities = new ArrayList<>();
    private final Map<String, Class<?>> tables = new HashMap<>();
    private final List<ContractDefinition> contracts = new ArrayList<>();
    private final Set<String> contractNames = new HashSet<>();
    private final List<TriggerableJob<?>> jobs = new ArrayList<>();
    private int declared;

    private Definition(String name) {
      this.name = name;
      checkName();
    }

    /** Adds the records that the handlers read and write. */
    public Definition entities(Class<?>... types) {
      for (Class<?> type : types) {
        declared++;
        EntityType.read(type, mistakes).ifPresent(this::add);
      }
      return this;
    }

    /** Adds the jobs that the handlers trigger. */
    public Definition jobs(TriggerableJob<?>... triggered) {
      for (TriggerableJob<?> job : triggered) {
        if (jobs.stream().anyMatch(known -> known.name().equals(job.name()))) {
          mistakes.add("two jobs have one name: job=" + job.name());
        }
        jobs.add(job);
      }
      return this;
    }

    /** Adds a contract to listen to. The configuration sets its addresses. */
    public Definition contract(String contract, Consumer<EvmContract> events) {
      if (contract.isBlank()) {
        mistakes.add("a contract has no name");
      }
      if (!contractNames.add(contract)) {
        mistakes.add("contract %s is defined twice".formatted(contract));
      }
      EvmContract definition = new EvmContract(contract, mistakes);
      events.accept(definition);
      contracts.add(definition.definition());
      return this;
    }

    /**
     * Returns the finished indexer.
     *
     * @throws DefinitionException with every mistake of the definition
     */
    public EvmIndexer build() {
      List<String> found = new ArrayList<>(mistakes);
      if (declared == 0) {
        found.add("indexer %s has no entity".formatted(name));
      }
      if (contracts.isEmpty()) {
        found.add("indexer %s has no contract".formatted(name));
      }
      checkFinders(found);
      if (!found.isEmpty()) {
        throw new DefinitionException(name, found);
      }
      return new EvmIndexer(name, entities, contracts, jobs);
    }

    private void checkFinders(List<String> found) {
      Set<Class<?>> finding = new HashSet<>();
      for (ContractDefinition contract : contracts) {
        for (ContractDiscovery<?> finder : contract.finders()) {
          finding.add(finder.event());
          if (contracts.stream().noneMatch(each -> each.declares(finder.event()))) {
            found.add(
                ("contract %s is found by an event that no contract declares: event=%s"
                        + " remedy=\".on(%s.class) in the contract that emits it\"")
                    .formatted(
                        contract.name(),
                        finder.event().getSimpleName(),
                        finder.event().getSimpleName()));
          }
        }
      }
      for (ContractDefinition contract : contracts) {
        for (EventDefinition<?> event : contract.events()) {
          if (event.handler() == null && !finding.contains(event.type())) {
            found.add(
                "contract %s has an event that is not handled and finds no contract: event=%s"
                    .formatted(contract.name(), event.name()));
          }
        }
      }
    }

    private void add(EntityType<?> type) {
      Class<?> first = tables.putIfAbsent(type.table(), type.type());
      if (first == null) {
        entities.add(type);
      } else {
        mistakes.add(
            "%s takes a table that is taken: table=%s by=%s"
                .formatted(type.name(), type.table(), first.getSimpleName()));
      }
    }

    private void checkName() {
      if (!name.matches("[a-z][a-z0-9_]*")) {
        mistakes.add(
            "the name must be lower-case letters, digits and underscores, a letter first: name="
                + name);
      }
      if (name.length() > MAX_NAME) {
        mistakes.add("the name is longer than %d bytes: name=%s".formatted(MAX_NAME, name));
      }
      if (name.startsWith("pg_")
          || name.startsWith("millrace_")
          || name.equals("information_schema")) {
        mistakes.add("the name is reserved: name=" + name);
      }
    }
  }
}
