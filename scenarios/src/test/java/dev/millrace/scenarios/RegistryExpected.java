package dev.millrace.scenarios;

import dev.millrace.devchain.DevChain;
import dev.millrace.evm.Log;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.EventId;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The tables of the registry scenario, computed by a loop over the chain that uses no code of
 * Millrace.
 */
record RegistryExpected(
    List<Registry.Name> names, List<Registry.Owner> owners, List<Registry.Change> changes) {
  private static final String REGISTERED =
      "0x1c6eac0e720ec22bb0653aec9c19985633a4fb07971cf973096c2f8e3c37c17f";
  private static final String MOVED =
      "0xa9b4ca9f6b2a167ad0539f30bdcdf4e7cefb101fc88f178cfb21364c0d6fdee2";

  static RegistryExpected of(DevChain chain) {
    // The names of the dev chain sort by their UTF-8 bytes as their UTF-16 units do.
    SortedMap<String, Registry.Name> names = new TreeMap<>();
    List<Registry.Change> changes = new ArrayList<>();
    for (long block = 0; block <= chain.head(); block++) {
      for (Log log : chain.logs(block)) {
        if (log.contract().equals(DevChain.REGISTRY)) {
          apply(log, names, changes);
        }
      }
    }
    return new RegistryExpected(List.copyOf(names.values()), owners(names), changes);
  }

  private static void apply(
      Log log, SortedMap<String, Registry.Name> names, List<Registry.Change> changes) {
    byte[] data = log.data().bytes(); // an offset to the text, its length, the text
    String name = new String(data, 64, data[63], StandardCharsets.UTF_8);
    Registry.Name before = names.get(name);
    String topic = log.topic(0).toString();
    @Nullable Address to = log.topics() > 1 ? Address.of(log.topic(1).bytes(), 12) : null;
    long block = log.block().number();
    if (topic.equals(REGISTERED) && to != null) {
      names.put(name, new Registry.Name(name, to, block, 0));
    } else if (before == null) {
      return;
    } else if (topic.equals(MOVED) && to != null) {
      names.put(name, new Registry.Name(name, to, before.since(), before.moves() + 1));
    } else {
      names.remove(name);
    }
    changes.add(
        new Registry.Change(
            EventId.of(block, log.logIndex()), name, before == null ? null : before.owner(), to));
  }

  private static List<Registry.Owner> owners(SortedMap<String, Registry.Name> names) {
    Map<Address, List<Registry.Name>> byOwner =
        names.values().stream().collect(Collectors.groupingBy(Registry.Name::owner));
    return byOwner.entrySet().stream()
        .map(owned ->
            new Registry.Owner(
                owned.getKey(),
                owned.getValue().size(),
                owned.getValue().stream().mapToLong(Registry.Name::moves).sum(),
                owned.getValue().getFirst().name()))
        .sorted(Comparator.comparing(Registry.Owner::address))
        .toList();
  }
}
