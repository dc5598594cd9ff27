package dev.millrace.abi;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import java.math.BigInteger;
import java.util.List;

/** Events with every kind of parameter that can be nested. */
final class NestedEvents {
  static final List<Class<?>> ALL =
      List.of(
          Filled.class,
          Grid.class,
          Fixed.class,
          Deep.class,
          Mixed.class,
          Texts.class,
          Callback.class,
          Note.class);

  private NestedEvents() {}

  record Fill(Address maker, BigInteger amount) {}

  @TestEvent("Filled((address maker, uint256 amount)[] fills, bytes32 indexed id)")
  record Filled(List<Fill> fills, Bytes32 id) {}

  @TestEvent("Grid(int24[][] rows, uint64[3][] triples, bool[][2] pairs)")
  record Grid(
      List<List<Integer>> rows, List<List<BigInteger>> triples, List<List<Boolean>> pairs) {}

  @TestEvent("Fixed(uint8 a, int64[4] b, (uint32 x, bytes4 y)[2] c, (bool z) d, uint16 e)")
  record Fixed(int a, List<Long> b, List<Point> c, Flag d, int e) {}

  record Point(long x, Bytes y) {}

  record Flag(boolean z) {}

  @TestEvent("Deep((string name, (bytes data, uint256[] values)[] parts, address owner)[2] trees)")
  record Deep(List<Tree> trees) {}

  record Tree(String name, List<Part> parts, Address owner) {}

  record Part(Bytes data, List<BigInteger> values) {}

  @TestEvent(
      "Mixed(uint256[] indexed hashed, string note, (int128 a, string b) indexed also,"
          + " (int128 a, string b) pair, bytes32[] words, uint40 n)")
  record Mixed(Bytes32 hashed, String note, Bytes32 also, Pair pair, List<Bytes32> words, long n) {}

  record Pair(BigInteger a, String b) {}

  @TestEvent("Texts(string[] texts, bytes[][] data, string[2] both)")
  record Texts(List<String> texts, List<List<Bytes>> data, List<String> both) {}

  @TestEvent("Callback(function call, function[] calls, function indexed topic)")
  record Callback(Bytes call, List<Bytes> calls, Bytes topic) {}

  @TestEvent("Note(address indexed who, uint256[] values) anonymous")
  record Note(Address who, List<BigInteger> values) {}
}
