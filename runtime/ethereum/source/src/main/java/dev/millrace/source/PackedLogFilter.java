package dev.millrace.source;

import dev.millrace.evm.LogFilter;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;

/**
 * A filter in two arrays, without an object per address: the index of the raw cache holds filters
 * for as long as the process runs. Equal in any order of addresses and topics. Immutable.
 */
final class PackedLogFilter {
  // Sorted, so that both can be searched; empty: any.
  private final byte[] addresses;
  private final byte[] topics;

  private PackedLogFilter(Collection<Address> contracts, Collection<Bytes32> firstTopics) {
    ByteBuffer packedAddresses = ByteBuffer.allocate(contracts.size() * Address.LENGTH);
    contracts.forEach(address -> packedAddresses.put(address.bytes()));
    addresses = packedAddresses.array();
    ByteBuffer packedTopics = ByteBuffer.allocate(firstTopics.size() * Bytes32.LENGTH);
    firstTopics.forEach(topic -> packedTopics.put(topic.bytes()));
    topics = packedTopics.array();
  }

  static PackedLogFilter of(LogFilter filter) {
    return new PackedLogFilter(new TreeSet<>(filter.addresses()), new TreeSet<>(filter.topics()));
  }

  /** Reads a filter as {@link #write} has written it, in whichever order. */
  static PackedLogFilter read(ByteBuffer from) {
    int addressCount = from.getInt();
    int topicCount = from.getInt();
    byte[] word = new byte[Bytes32.LENGTH];
    TreeSet<Address> addresses = new TreeSet<>();
    for (int i = 0; i < addressCount; i++) {
      from.get(word, 0, Address.LENGTH);
      addresses.add(Address.of(word, 0));
    }
    TreeSet<Bytes32> topics = new TreeSet<>();
    for (int i = 0; i < topicCount; i++) {
      from.get(word);
      topics.add(Bytes32.of(word));
    }
    return new PackedLogFilter(addresses, topics);
  }

  static int bytes(LogFilter filter) {
    return 2 * Integer.BYTES
        + filter.addresses().size() * Address.LENGTH
        + filter.topics().size() * Bytes32.LENGTH;
  }

  static void write(LogFilter filter, ByteBuffer to) {
    to.putInt(filter.addresses().size()).putInt(filter.topics().size());
    filter.addresses().forEach(address -> to.put(address.bytes()));
    filter.topics().forEach(topic -> to.put(topic.bytes()));
  }

  /** Returns the parts of another filter whose logs this one does not select. */
  List<LogFilter> subtractFrom(LogFilter other) {
    if ((other.addresses().isEmpty() && addresses.length > 0)
        || (other.topics().isEmpty() && topics.length > 0)) {
      return List.of(other);
    }
    List<Address> mine = new ArrayList<>();
    List<Address> others = new ArrayList<>();
    for (Address address : other.addresses()) {
      boolean has = addresses.length == 0 || has(addresses, address.bytes());
      (has ? mine : others).add(address);
    }
    List<Bytes32> missing =
        topics.length == 0
            ? List.of()
            : other.topics().stream().filter(topic -> !has(topics, topic.bytes())).toList();
    boolean some =
        (other.addresses().isEmpty() || !mine.isEmpty())
            && (other.topics().isEmpty() || missing.size() < other.topics().size());
    if (!some) {
      return List.of(other);
    }
    List<LogFilter> left = new ArrayList<>();
    if (!others.isEmpty()) {
      left.add(new LogFilter(others, other.topics()));
    }
    if (!missing.isEmpty()) {
      left.add(new LogFilter(mine, missing));
    }
    return left;
  }

  /** True if another filter selects all logs that this one selects. */
  boolean isWithin(LogFilter other) {
    PackedLogFilter wider = of(other);
    return isWithin(addresses, wider.addresses, Address.LENGTH)
        && isWithin(topics, wider.topics, Bytes32.LENGTH);
  }

  private static boolean isWithin(byte[] words, byte[] wider, int length) {
    if (wider.length == 0 || words.length == 0) {
      return wider.length == 0;
    }
    for (int at = 0; at < words.length; at += length) {
      if (!has(wider, Arrays.copyOfRange(words, at, at + length))) {
        return false;
      }
    }
    return true;
  }

  /** Searches sorted words of one length. */
  private static boolean has(byte[] words, byte[] word) {
    int length = word.length;
    int low = 0;
    int high = words.length / length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      int at = middle * length;
      int order = Arrays.compareUnsigned(words, at, at + length, word, 0, length);
      if (order == 0) {
        return true;
      }
      if (order < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return false;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PackedLogFilter that
        && Arrays.equals(addresses, that.addresses)
        && Arrays.equals(topics, that.topics);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(addresses) + Arrays.hashCode(topics);
  }
}
