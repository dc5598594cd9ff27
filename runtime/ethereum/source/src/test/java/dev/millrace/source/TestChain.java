package dev.millrace.source;

import com.joemelsha.crypto.hash.Keccak;
import dev.millrace.evm.BlockHeader;
import dev.millrace.evm.Log;
import dev.millrace.evm.TransactionRef;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.rpc.LogsBloom;
import dev.millrace.rpc.NodeBlockHeader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A chain in memory that a test writes block by block and forks at will. Any thread. */
final class TestChain {
  static final Address TOKEN = address(1);
  static final Address FACTORY = address(2);
  static final Bytes32 TRANSFER = keccak("Transfer(address,address,uint256)");
  static final Bytes32 CREATED = keccak("PoolCreated(address)");
  static final Bytes32 PART_CREATED = keccak("PartCreated(address)");
  static final Bytes32 SWAP = keccak("Swap(uint256)");

  private final List<TestBlock> canonical = new ArrayList<>();
  private final Map<Bytes32, TestBlock> everything = new HashMap<>();

  /** A block and its logs. */
  record TestBlock(NodeBlockHeader block, List<Log> logs) {
    BlockHeader header() {
      return block.header();
    }
  }

  /** One log as a test writes it: contract and topic, with at most one word behind the topic. */
  record Line(Address contract, Bytes32 topic, List<Bytes32> words) {}

  static Line transfer(int from, int to, long value) {
    return new Line(TOKEN, TRANSFER, List.of(word(address(from)), word(address(to)), word(value)));
  }

  static Line transferBy(Address token, long value) {
    return new Line(token, TRANSFER, List.of(word(address(3)), word(address(4)), word(value)));
  }

  static Line created(Address pool) {
    return createdBy(FACTORY, pool);
  }

  static Line createdBy(Address factory, Address pool) {
    return new Line(factory, CREATED, List.of(word(pool)));
  }

  static Line partCreatedBy(Address pool, Address part) {
    return new Line(pool, PART_CREATED, List.of(word(part)));
  }

  static Line swap(Address pool, long amount) {
    return new Line(pool, SWAP, List.of(word(amount)));
  }

  static Address address(int number) {
    byte[] bytes = new byte[20];
    bytes[0] = 0x7e;
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

  static Bytes32 keccak(String text) {
    return Bytes32.of(new Keccak(256).digest(text.getBytes(StandardCharsets.UTF_8)));
  }

  /** Adds a block to the canonical branch. */
  synchronized TestChain mine(Line... lines) {
    return mine(0, lines);
  }

  /** Adds a block whose hash depends on a salt. */
  synchronized TestChain mine(int salt, Line... lines) {
    long number = canonical.size();
    Bytes32 parent = number == 0 ? Bytes32.ZERO : canonical.getLast().header().hash();
    Bytes32 hash = keccak(number + "/" + salt + "/" + parent + List.of(lines));
    Instant time = Instant.ofEpochSecond(1_700_000_000 + 12 * number);
    BlockHeader header = new BlockHeader(number, hash, parent, time);
    List<Log> logs = new ArrayList<>();
    for (Line line : lines) {
      logs.add(log(header, logs.size(), line));
    }
    TestBlock block = new TestBlock(new NodeBlockHeader(header, bloom(List.of(lines))), logs);
    canonical.add(block);
    everything.put(hash, block);
    return this;
  }

  /** Adds blocks with a transfer each. */
  TestChain transfers(int blocks) {
    for (int i = 0; i < blocks; i++) {
      mine(transfer(10, 11, head() + 2));
    }
    return this;
  }

  TestChain empty(int blocks) {
    for (int i = 0; i < blocks; i++) {
      mine();
    }
    return this;
  }

  /** Removes all blocks above one. They are still known by their hashes. */
  synchronized TestChain cut(long last) {
    while (canonical.size() > last + 1) {
      canonical.removeLast();
    }
    return this;
  }

  /** Makes an earlier branch canonical again, through a block of it. */
  synchronized TestChain restore(Bytes32 tip) {
    List<TestBlock> branch = new ArrayList<>();
    TestBlock block = everything.get(tip);
    while (block != null) {
      branch.addFirst(block);
      block = everything.get(block.header().parent());
    }
    canonical.clear();
    canonical.addAll(branch);
    return this;
  }

  /** Replaces all blocks but one by those of another chain. */
  synchronized TestChain agreesExcept(TestChain other, long number) {
    for (int block = 0; block < canonical.size(); block++) {
      if (block != number) {
        canonical.set(block, other.at(block).orElseThrow());
      }
    }
    return this;
  }

  LogsBloom bloom(long number) {
    return at(number).orElseThrow().block().bloom();
  }

  synchronized long head() {
    return canonical.size() - 1L;
  }

  synchronized Optional<TestBlock> at(long number) {
    return number < 0 || number >= canonical.size()
        ? Optional.empty()
        : Optional.of(canonical.get((int) number));
  }

  synchronized Optional<TestBlock> by(Bytes32 hash) {
    return Optional.ofNullable(everything.get(hash));
  }

  Bytes32 hash(long number) {
    return at(number).orElseThrow().header().hash();
  }

  static Log log(BlockHeader header, int index, Line line) {
    byte[] words = new byte[32 * (1 + line.words().size())];
    line.topic().write(words, 0);
    for (int i = 0; i < line.words().size(); i++) {
      line.words().get(i).write(words, 32 * (i + 1));
    }
    int topics = topics(line.topic());
    TransactionRef transaction =
        new TransactionRef(keccak(header.hash() + "/" + index / 2), index / 2);
    return new Log(
        header.block(), index, transaction, line.contract(), topics, words, words.length);
  }

  private static int topics(Bytes32 topic) {
    if (topic.equals(TRANSFER)) {
      return 3;
    }
    return topic.equals(CREATED) || topic.equals(PART_CREATED) ? 2 : 1;
  }

  private static LogsBloom bloom(List<Line> lines) {
    byte[] bits = new byte[LogsBloom.LENGTH];
    for (Line line : lines) {
      set(bits, line.contract().bytes());
      set(bits, line.topic().bytes());
      for (int topic = 1; topic < topics(line.topic()); topic++) {
        set(bits, line.words().get(topic - 1).bytes());
      }
    }
    return LogsBloom.of(bits);
  }

  private static void set(byte[] bits, byte[] value) {
    byte[] hash = new Keccak(256).digest(value);
    for (int i = 0; i < 6; i += 2) {
      int bit = ((hash[i] & 7) << 8) | (hash[i + 1] & 0xff);
      bits[LogsBloom.LENGTH - 1 - bit / 8] |= (byte) (1 << bit % 8);
    }
  }
}
