package dev.millrace.devnode;

import dev.millrace.devchain.BlockLogGenerator;
import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainNames;
import dev.millrace.devchain.DevChainPools;
import dev.millrace.devchain.DevChainTransfers;
import dev.millrace.devchain.DevChainVaults;
import dev.millrace.devchain.LogCursor;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Filter of a request for logs, without its blocks. Confined to one thread. */
final class DevLogFilter {
  private static final int MAX_TOPICS = 4;

  private static final Set<Bytes32> POOL_TOPICS = poolTopics();

  private final Set<Address> addresses;
  private final List<Set<Bytes32>> topics;
  private Address lastAddress = Address.ZERO;
  private boolean lastWanted;

  private DevLogFilter(Set<Address> addresses, List<Set<Bytes32>> topics) {
    this.addresses = addresses;
    this.topics = topics;
  }

  static DevLogFilter of(Map<?, ?> filter) throws JsonRpcException {
    Set<Address> addresses = new HashSet<>();
    for (Object each : listed(filter.get("address"))) {
      addresses.add(Address.of(JsonRpcParams.text(each, "address")));
    }
    List<Set<Bytes32>> topics = new ArrayList<>();
    Object given = filter.get("topics");
    if (given != null && !(given instanceof List<?>)) {
      throw new JsonRpcException(JsonRpcException.PARAMS, "topics must be an array");
    }
    for (Object position : given == null ? List.of() : (List<?>) given) {
      Set<Bytes32> any = new HashSet<>();
      for (Object each : listed(position)) {
        any.add(Bytes32.of(JsonRpcParams.text(each, "topic")));
      }
      topics.add(any);
    }
    if (topics.size() > MAX_TOPICS) {
      throw new JsonRpcException(JsonRpcException.PARAMS, "exceed max topics");
    }
    return new DevLogFilter(addresses, topics);
  }

  /** Returns one or many values as a list; empty means any. */
  private static List<?> listed(@Nullable Object value) {
    return switch (value) {
      case null -> List.of();
      case List<?> many -> many;
      default -> List.of(value);
    };
  }

  private static Set<Bytes32> poolTopics() {
    Set<Bytes32> topics = new HashSet<>(DevChainPools.TOPICS);
    topics.addAll(DevChainVaults.TOPICS);
    return topics;
  }

  /** Returns the kinds of logs that may match. */
  int kinds() {
    int kinds = 0;
    if (acceptsAddress(DevChain.TOKEN) && first(Set.of(DevChainTransfers.TOPIC))) {
      kinds |= BlockLogGenerator.TRANSFERS;
    }
    if (acceptsAddress(DevChain.REGISTRY) && first(Set.copyOf(DevChainNames.TOPICS))) {
      kinds |= BlockLogGenerator.NAMES;
    }
    // Any other address may be a pool.
    boolean others =
        addresses.isEmpty()
            || addresses.stream()
                .anyMatch(each -> !each.equals(DevChain.TOKEN) && !each.equals(DevChain.REGISTRY));
    if (others && first(POOL_TOPICS)) {
      kinds |= BlockLogGenerator.POOLS;
    }
    return kinds;
  }

  private boolean acceptsAddress(Address address) {
    return addresses.isEmpty() || addresses.contains(address);
  }

  private boolean first(Set<Bytes32> known) {
    return topics.isEmpty()
        || topics.getFirst().isEmpty()
        || topics.getFirst().stream().anyMatch(known::contains);
  }

  boolean matches(LogCursor log) {
    if (!log.contract.equals(lastAddress)) { // most logs are of the same contract as the one before
      lastAddress = log.contract;
      lastWanted = acceptsAddress(log.contract);
    }
    if (!lastWanted || topics.size() > log.topics) {
      return false;
    }
    for (int position = 0; position < topics.size(); position++) {
      Set<Bytes32> any = topics.get(position);
      if (!any.isEmpty() && !any.contains(Bytes32.of(log.words, position * Bytes32.LENGTH))) {
        return false;
      }
    }
    return true;
  }
}
