package dev.millrace.source;

import com.joemelsha.crypto.hash.Keccak;
import dev.millrace.evm.Event;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.rpc.LogsBloom;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A log of a simulated chain as its author meant it; its form on the wire follows from its kind.
 *
 * @param isBroken true if its data are cut off and cannot be decoded
 */
record WorldLog(int at, Kind kind, int a, int b, long value, boolean isBroken) {
  @Event("Transfer(address indexed from, address indexed to, uint256 value)")
  record Moved(Address from, Address to, BigInteger value) {}

  @Event("Transfer(address indexed from, address indexed to, uint256 indexed item)")
  record MovedItem(Address from, Address to, BigInteger item) {}

  @Event("Swap(uint256 amount)")
  record Swapped(BigInteger amount) {}

  @Event("Swap(uint256 amount, address to)")
  record SwappedTo(BigInteger amount, Address to) {}

  @Event("Created(address indexed child)")
  record Created(Address child) {}

  @Event("Spawned(address child, uint256 amount)")
  record Spawned(Address child, BigInteger amount) {}

  @Event("Pinged()")
  record Pinged() {}

  /** Kinds of events: two pairs share their name, one pair of them its topic as well. */
  @SuppressWarnings("ImmutableEnumChecker") // a Bytes32 never changes
  enum Kind {
    MOVED(Moved.class, "Transfer(address,address,uint256)"),
    MOVED_ITEM(MovedItem.class, "Transfer(address,address,uint256)"),
    SWAPPED(Swapped.class, "Swap(uint256)"),
    SWAPPED_TO(SwappedTo.class, "Swap(uint256,address)"),
    CREATED(Created.class, "Created(address)"),
    SPAWNED(Spawned.class, "Spawned(address,uint256)"),
    PINGED(Pinged.class, "Pinged()");

    private static final List<Kind> ALL = List.of(values());

    final Class<?> type;
    final Bytes32 topic;

    Kind(Class<?> type, String signature) {
      this.type = type;
      this.topic = Bytes32.of(new Keccak(256).digest(signature.getBytes(StandardCharsets.UTF_8)));
    }

    static Kind random(Random random) {
      return ALL.get(random.nextInt(ALL.size()));
    }
  }

  static Address address(int number) {
    byte[] bytes = new byte[20];
    bytes[0] = 0x5a;
    ByteBuffer.wrap(bytes).putInt(16, number);
    return Address.of(bytes);
  }

  static Bytes32 word(long value) {
    return Bytes32.of(ByteBuffer.allocate(32).putLong(24, value).array());
  }

  private static Bytes32 word(Address address) {
    byte[] bytes = new byte[32];
    address.write(bytes, 12);
    return Bytes32.of(bytes);
  }

  Address contract() {
    return address(at);
  }

  /** Returns the contract that it creates; for kinds that announce contracts only. */
  int child() {
    return a;
  }

  List<Bytes32> topics() {
    Bytes32 first = word(address(a));
    Bytes32 second = word(address(b));
    return switch (kind) {
      case MOVED -> List.of(kind.topic, first, second);
      case MOVED_ITEM -> List.of(kind.topic, first, second, word(value));
      case CREATED -> List.of(kind.topic, first);
      case SWAPPED, SWAPPED_TO, SPAWNED, PINGED -> List.of(kind.topic);
    };
  }

  List<Bytes32> data() {
    return switch (kind) {
      case MOVED, SWAPPED -> List.of(word(value));
      case SWAPPED_TO -> List.of(word(value), word(address(a)));
      case SPAWNED -> List.of(word(address(a)), word(value));
      case MOVED_ITEM, CREATED, PINGED -> List.of();
    };
  }

  /** Returns the log as another branch may hold it. */
  WorldLog ofAnotherAmount() {
    return new WorldLog(at, kind, a, b, value + 1, isBroken);
  }

  /**
   * Draws a log that a block does not have and that its bloom denies; null if none is found.
   *
   * @param addresses the contracts to choose from; any if empty
   * @param topics the topics to choose from; any if empty
   */
  static @Nullable WorldLog phantom(
      WorldBlock block, Random random, Set<String> addresses, String topics) {
    LogsBloom bloom = LogsBloom.of(HexFormat.of().parseHex(block.bloom().substring(2)));
    List<String> contracts = addresses.stream().sorted().toList();
    for (int draw = 0; draw < 10; draw++) {
      int at =
          contracts.isEmpty()
              ? random.nextInt(20)
              : Integer.parseInt(contracts.get(random.nextInt(contracts.size())).substring(34), 16);
      int other = 1_000 + random.nextInt(1_000);
      WorldLog log =
          new WorldLog(at, Kind.random(random), other, other, random.nextInt(9_999), false);
      boolean isAsked = topics.isEmpty() || topics.contains(log.kind().topic.toString());
      boolean isAllowed =
          bloom.mayContain(log.contract()) && log.topics().stream().allMatch(bloom::mayContain);
      if (isAsked && !isAllowed) {
        return log;
      }
    }
    return null;
  }

  /** Returns the event that its handler must receive. */
  Record event() {
    BigInteger number = BigInteger.valueOf(value);
    return switch (kind) {
      case MOVED -> new Moved(address(a), address(b), number);
      case MOVED_ITEM -> new MovedItem(address(a), address(b), number);
      case SWAPPED -> new Swapped(number);
      case SWAPPED_TO -> new SwappedTo(number, address(a));
      case CREATED -> new Created(address(a));
      case SPAWNED -> new Spawned(address(a), number);
      case PINGED -> new Pinged();
    };
  }
}
