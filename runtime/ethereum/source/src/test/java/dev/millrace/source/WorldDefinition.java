package dev.millrace.source;

import dev.millrace.evm.Evm;
import dev.millrace.evm.EvmContext;
import dev.millrace.evm.EvmContract;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.Id;
import dev.millrace.source.WorldLog.Created;
import dev.millrace.source.WorldLog.Kind;
import dev.millrace.source.WorldLog.Spawned;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** A random definition: contracts, their events and their discovery. */
final class WorldDefinition {
  /** Addresses 0 to 3 are named by configurations; those from 4 on are discovered. */
  static final int NAMED = 4;

  static final int ADDRESSES = 12;

  /** Data that handlers read beside their event. */
  enum Reads {
    NOTHING,
    TIME,
    TRANSACTION
  }

  /**
   * A contract.
   *
   * @param silent kinds that it declares without a handler, because they announce other contracts
   * @param named its addresses in the configuration
   * @param finding kinds that announce it
   */
  record Contract(
      String name,
      boolean anywhere,
      Set<Kind> handled,
      Set<Kind> silent,
      List<Integer> named,
      Set<Kind> finding) {
    boolean declares(Kind kind) {
      return handled.contains(kind) || silent.contains(kind);
    }
  }

  /** Receives the arguments of a handler. */
  interface Sink {
    void take(String contract, Object event, EvmContext context);
  }

  @Entity
  record Unused(@Id long id) {}

  final List<Contract> contracts = new ArrayList<>();
  final Reads reads;

  WorldDefinition(Random random, WorldLimits limits) {
    List<Integer> free = new ArrayList<>(List.of(0, 1, 2, 3));
    int fixed = 1 + random.nextInt(3);
    for (int i = 0; i < fixed; i++) {
      List<Integer> named = new ArrayList<>(List.of(free.removeFirst()));
      if (random.nextInt(4) == 0 && free.size() > fixed - i) {
        named.add(free.removeFirst());
      }
      contracts.add(
          new Contract(
              "Fixed" + i, false, some(random, 4), none(), named, EnumSet.noneOf(Kind.class)));
    }
    int found = random.nextInt(4);
    for (int i = 0; i < found; i++) {
      EnumSet<Kind> finding = none();
      finding.add(random.nextBoolean() ? Kind.CREATED : Kind.SPAWNED);
      if (random.nextInt(4) == 0) {
        finding.addAll(Set.of(Kind.CREATED, Kind.SPAWNED));
      }
      List<Integer> named = new ArrayList<>();
      if (random.nextInt(5) == 0 && !free.isEmpty()) {
        named.add(free.removeFirst());
      }
      contracts.add(new Contract("Found" + i, false, some(random, 4), none(), named, finding));
    }
    if (random.nextInt(2) == 0) {
      EnumSet<Kind> heard = some(random, 3);
      contracts.add(new Contract("Any", true, heard, none(), List.of(), none()));
      EnumSet<Kind> rest = some(random, 2);
      rest.removeAll(heard);
      if (random.nextInt(4) == 0 && !rest.isEmpty()) {
        contracts.add(new Contract("Other", true, rest, none(), List.of(), none()));
      }
    }
    shuffle(random);
    contracts.removeIf(each ->
        (limits.without("found") && !each.finding().isEmpty())
            || (limits.without("anywhere") && each.anywhere()));
    for (Contract each : contracts) {
      for (Kind kind : each.finding()) {
        if (contracts.stream().noneMatch(one -> one.declares(kind))) {
          contracts.get(random.nextInt(contracts.size())).silent().add(kind);
        }
      }
    }
    List<Reads> all = List.of(Reads.values());
    reads = random.nextInt(3) > 0 ? Reads.NOTHING : all.get(random.nextInt(all.size()));
  }

  private void shuffle(Random random) {
    List<Contract> shuffled = new ArrayList<>(contracts);
    java.util.Collections.shuffle(shuffled, random);
    contracts.clear();
    contracts.addAll(shuffled);
  }

  private static EnumSet<Kind> none() {
    return EnumSet.noneOf(Kind.class);
  }

  private static EnumSet<Kind> some(Random random, int max) {
    EnumSet<Kind> some = none();
    int count = 1 + random.nextInt(max);
    for (int i = 0; i < count; i++) {
      some.add(Kind.random(random));
    }
    return some;
  }

  Map<String, List<Address>> configured() {
    Map<String, List<Address>> all = new HashMap<>();
    for (Contract each : contracts) {
      if (!each.named().isEmpty()) {
        all.put(each.name(), each.named().stream().map(WorldLog::address).toList());
      }
    }
    return all;
  }

  EvmIndexer indexer(Sink sink) {
    Evm.Definition definition = Evm.indexer("world").entities(Unused.class);
    for (Contract each : contracts) {
      definition.contract(each.name(), contract -> declare(contract, each, sink));
    }
    return definition.build();
  }

  private static void declare(EvmContract contract, Contract each, Sink sink) {
    if (each.anywhere()) {
      contract.anywhere();
    }
    for (Kind kind : each.finding()) {
      if (kind == Kind.CREATED) {
        contract.createdBy(Created.class, Created::child);
      } else {
        contract.createdBy(Spawned.class, Spawned::child);
      }
    }
    for (Kind kind : each.handled()) {
      handle(contract, each.name(), kind.type, sink);
    }
    for (Kind kind : each.silent()) {
      if (!each.handled().contains(kind)) {
        contract.on(kind.type);
      }
    }
  }

  private static <E> void handle(EvmContract contract, String name, Class<E> type, Sink sink) {
    contract.on(type, (event, context) -> sink.take(name, event, context));
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("definition, handlers read ").append(reads);
    for (Contract each : contracts) {
      text.append("\n  ").append(each);
    }
    return text.toString();
  }
}
