package dev.millrace.source;

import com.joemelsha.crypto.hash.Keccak;
import dev.millrace.loaders.Bytes32;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** A block of a simulated chain, with its JSON. Knows the block before it. */
final class WorldBlock {
  private static final int BLOOM = 256;
  private static final Map<String, int[]> BITS = new ConcurrentHashMap<>();

  final long number;
  final Bytes32 hash;
  final @Nullable WorldBlock before;
  final long time;
  final List<WorldLog> logs;
  private @Nullable String bloom;

  WorldBlock(@Nullable WorldBlock before, int salt, List<WorldLog> logs) {
    this.before = before;
    this.number = before == null ? 0 : before.number + 1;
    this.time = (before == null ? 1_700_000_000 : before.time) + 12 + Math.floorMod(salt, 3);
    this.logs = List.copyOf(logs);
    this.hash = mixed(before == null ? 0 : before.hash.hashCode(), number, salt);
  }

  /** Creates a block that no node has, far above another. */
  static WorldBlock beyond(WorldBlock head, long distance) {
    return new WorldBlock(head, head.number + distance);
  }

  private WorldBlock(WorldBlock before, long number) {
    this.before = before;
    this.number = number;
    this.time = before.time + 12 * (number - before.number);
    this.logs = List.of();
    this.hash = mixed(before.hash.hashCode(), number, -2);
  }

  /** Returns the block as an endpoint that adds a log would have it. */
  WorldBlock with(WorldLog phantom) {
    return new WorldBlock(this, phantom);
  }

  private WorldBlock(WorldBlock block, WorldLog phantom) {
    this.before = block.before;
    this.number = block.number;
    this.time = block.time;
    this.hash = block.hash;
    List<WorldLog> more = new ArrayList<>(block.logs);
    more.add(phantom);
    this.logs = List.copyOf(more);
  }

  private static Bytes32 mixed(long before, long number, long salt) {
    Random random = new Random(before * 1_000_003 + number * 31 + salt * 7_919);
    byte[] bytes = new byte[32];
    random.nextBytes(bytes);
    ByteBuffer.wrap(bytes).putInt(0, (int) number).putShort(4, (short) salt);
    return Bytes32.of(bytes);
  }

  Bytes32 parent() {
    return before == null ? Bytes32.ZERO : before.hash;
  }

  /** Returns the block of its branch at a height below it, or itself. */
  @Nullable WorldBlock at(long height) {
    WorldBlock block = this;
    while (block != null && block.number > height) {
      block = block.before;
    }
    return block;
  }

  /** Returns the blocks from a number on through this one. */
  List<WorldBlock> since(long from) {
    List<WorldBlock> blocks = new ArrayList<>();
    for (WorldBlock block = this; block != null && block.number >= from; block = block.before) {
      blocks.addFirst(block);
    }
    return blocks;
  }

  /** Returns the transaction of a log; two logs share one. */
  Bytes32 transaction(int index) {
    byte[] bytes = hash.bytes();
    ByteBuffer.wrap(bytes).putInt(28, 0x7000_0000 + index / 2);
    return Bytes32.of(bytes);
  }

  /** Formats the block as the result of eth_getBlockByNumber. */
  String json(String bloomMember, String timestamp) {
    return "{\"number\":\"0x"
        + Long.toHexString(number)
        + "\",\"hash\":\""
        + hash
        + "\",\"parentHash\":\""
        + parent()
        + "\",\"timestamp\":"
        + timestamp
        + bloomMember
        + ",\"size\":\"0x1\"}";
  }

  String bloom() {
    String known = bloom;
    if (known == null) {
      known = bloom(logs, null);
      bloom = known;
    }
    return known;
  }

  /** Returns a bloom that lacks one bit of the address of one log. */
  String lyingBloom() {
    return logs.isEmpty()
        ? bloom()
        : bloom(logs, logs.get((int) (number % logs.size())).contract().toString());
  }

  String json(int index, boolean timed) {
    return json(index, timed, "0x" + Integer.toHexString(index), false);
  }

  String json(int index, boolean timed, String logIndex, boolean removed) {
    WorldLog log = logs.get(index);
    StringBuilder text = new StringBuilder(600);
    text.append("{\"address\":\"").append(log.contract()).append("\",\"topics\":[");
    String gap = "\"";
    for (Bytes32 topic : log.topics()) {
      text.append(gap).append(topic).append('"');
      gap = ",\"";
    }
    text.append("],\"data\":\"0x");
    StringBuilder data = new StringBuilder();
    log.data().forEach(word -> data.append(word.toString(), 2, 66));
    text.append(log.isBroken() ? data.substring(0, data.length() / 2) : data);
    text.append("\",\"blockNumber\":\"0x").append(Long.toHexString(number));
    text.append("\",\"blockHash\":\"").append(hash);
    if (timed) {
      text.append("\",\"blockTimestamp\":\"0x").append(Long.toHexString(time));
    }
    text.append("\",\"transactionHash\":\"").append(transaction(index));
    text.append("\",\"transactionIndex\":\"0x").append(Integer.toHexString(index / 2));
    text.append("\",\"logIndex\":\"").append(logIndex);
    return text.append("\",\"removed\":").append(removed).append('}').toString();
  }

  private static String bloom(List<WorldLog> logs, @Nullable String lacking) {
    byte[] bits = new byte[BLOOM];
    for (WorldLog log : logs) {
      set(bits, log.contract().toString(), log.contract().bytes());
      for (Bytes32 topic : log.topics()) {
        set(bits, topic.toString(), topic.bytes());
      }
    }
    int[] places = lacking == null ? null : BITS.get(lacking);
    if (places != null) {
      bits[BLOOM - 1 - places[0] / 8] &= (byte) ~(1 << places[0] % 8);
    }
    return "0x" + HexFormat.of().formatHex(bits);
  }

  private static void set(byte[] bits, String key, byte[] value) {
    int[] three =
        BITS.computeIfAbsent(
            key,
            _ -> {
              byte[] hash = new Keccak(256).digest(value);
              int[] places = new int[3];
              for (int i = 0; i < 3; i++) {
                places[i] = ((hash[2 * i] & 7) << 8) | (hash[2 * i + 1] & 0xff);
              }
              return places;
            });
    for (int bit : three) {
      bits[BLOOM - 1 - bit / 8] |= (byte) (1 << bit % 8);
    }
  }

  @Override
  public String toString() {
    return number + ":" + hash.toString().substring(10, 18);
  }
}
