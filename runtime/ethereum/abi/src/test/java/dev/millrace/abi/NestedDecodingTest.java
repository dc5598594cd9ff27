package dev.millrace.abi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.millrace.loaders.Address;
import java.io.ByteArrayOutputStream;
import java.lang.management.ManagementFactory;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class NestedDecodingTest {
  private static final ThreadMXBean MEMORY = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  static Stream<Class<?>> events() {
    return NestedEvents.ALL.stream();
  }

  @ParameterizedTest
  @MethodSource("events")
  void decode_readsWhatHeadlongWrites(Class<?> type) {
    EventDecoder decoder = Encoded.decoder(type);
    RandomValues values = new RandomValues(7);
    for (int round = 0; round < 300; round++) {
      RandomValues.EncodedValue encoded = values.event(type, decoder.signature());

      assertThat(Encoded.decode(decoder, encoded.topicBytes(), encoded.data().bytes()))
          .isEqualTo(encoded.event());
    }
  }

  /** The author of a log chooses every word of it. */
  @ParameterizedTest
  @MethodSource("events")
  void decode_survivesHostileLogs(Class<?> type) {
    EventDecoder decoder = Encoded.decoder(type);
    RandomValues values = new RandomValues(11);
    Random random = new Random(13);
    int refused = 0;
    for (int round = 0; round < 3_000; round++) {
      RandomValues.EncodedValue encoded = values.event(type, decoder.signature());
      byte[] data = mutated(encoded.data().bytes(), random);
      byte[] words = Encoded.words(encoded.topicBytes(), data);
      long before = MEMORY.getCurrentThreadAllocatedBytes();
      try {
        assertThat(decoder.decode(words, words.length)).isInstanceOf(type);
      } catch (UndecodableException _) {
        refused++;
      }
      long allocated = MEMORY.getCurrentThreadAllocatedBytes() - before;
      if (round > 100) { // before that, the JVM links method handles
        assertThat(allocated).as("round %d", round).isLessThan(100_000 + 64L * words.length);
      }
    }
    assertThat(refused).isGreaterThan(300);
  }

  private static byte[] mutated(byte[] data, Random random) {
    byte[] mutated =
        random.nextInt(4) == 0
            ? Arrays.copyOf(data, random.nextInt(data.length + 1))
            : data.clone();
    for (int i = random.nextInt(4); i >= 0 && mutated.length >= 32; i--) {
      int word = random.nextInt(mutated.length / 32) * 32;
      switch (random.nextInt(5)) {
        case 0 -> Arrays.fill(mutated, word, word + 32, (byte) -1);
        case 1 -> System.arraycopy(Encoded.word(random.nextInt(40) * 32L), 0, mutated, word, 32);
        case 2 ->
            System.arraycopy(
                Encoded.word(Integer.MAX_VALUE - random.nextInt(64)), 0, mutated, word, 32);
        case 3 ->
            System.arraycopy(
                Encoded.word(Long.MAX_VALUE - random.nextInt(64)), 0, mutated, word, 32);
        case 4 -> mutated[word + random.nextInt(32)] ^= (byte) (1 << random.nextInt(8));
        default -> throw new AssertionError();
      }
    }
    return mutated;
  }

  /** Every offset points to the same array, so that a short log encodes a huge value. */
  @Test
  void decode_refusesALogThatSpellsOutMoreThanItHolds() {
    @TestEvent("Bomb(uint256[][] rows)")
    record Bomb(List<List<BigInteger>> rows) {}

    int rows = 2_000;
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    data.writeBytes(Encoded.word(32));
    data.writeBytes(Encoded.word(rows));
    for (int i = 0; i < rows; i++) {
      data.writeBytes(Encoded.word(rows * 32L));
    }
    data.writeBytes(Encoded.word(rows));
    data.writeBytes(new byte[rows * 32]);
    byte[] words = Encoded.words(new byte[1][32], data.toByteArray());
    EventDecoder decoder = Encoded.decoder(Bomb.class);
    long before = MEMORY.getCurrentThreadAllocatedBytes();

    assertThatThrownBy(() -> decoder.decode(words, words.length))
        .isInstanceOf(UndecodableException.class)
        .hasMessage("data is read over and over: bytes=" + words.length);
    assertThat(MEMORY.getCurrentThreadAllocatedBytes() - before).isLessThan(5_000_000);
  }

  @Test
  void decode_saysWhatItsRecordRefuses() {
    @TestEvent("Odd((uint256 n)[] odd)")
    record Odds(List<Odd> odd) {}

    byte[][] data = {Encoded.word(32), Encoded.word(1), Encoded.word(4)};

    assertThatThrownBy(() ->
            Encoded.decode(
                Encoded.decoder(Odds.class), new byte[1][32], Encoded.words(data, new byte[0])))
        .isInstanceOf(UndecodableException.class)
        .hasMessageContaining("record refuses its parameters")
        .hasMessageContaining("4 is even");
  }

  record Odd(BigInteger n) {
    Odd {
      if (!n.testBit(0)) {
        throw new IllegalStateException(n + " is even");
      }
    }
  }

  @Test
  void list_cannotBeChanged() {
    RandomValues.EncodedValue encoded =
        new RandomValues(1).event(NestedEvents.Filled.class, filled().signature());
    NestedEvents.Filled event =
        (NestedEvents.Filled)
            Encoded.decode(filled(), encoded.topicBytes(), encoded.data().bytes());

    assertThatThrownBy(() -> event.fills().clear())
        .isInstanceOf(UnsupportedOperationException.class);
  }

  private static EventDecoder filled() {
    return Encoded.decoder(NestedEvents.Filled.class);
  }

  @Test
  void record_isReportedAllThatDoesNotFit() {
    record Fill(long maker, BigInteger sum, int more) {}

    record Other(
        List<Fill> fills, BigInteger id, List<?> words, List<Integer> numbers, String array) {}

    List<String> mistakes = new ArrayList<>();
    assertThat(
            EventDecoder.read(
                Other.class,
                "Filled((address maker, uint256 amount)[] fills, bytes indexed id, bytes32[] words,"
                    + " uint256[2][] numbers, uint8[] array)",
                mistakes))
        .isEmpty();

    assertThat(mistakes)
        .containsExactly(
            "Fill has 3 components and its signature 2 parameters: signature=(address,uint256)",
            "Fill.maker has a type that cannot hold its parameter: parameter=address type=long"
                + " fitting=Address",
            "Fill.sum stands where the signature has another name: parameter=amount",
            "Other.id has a type that cannot hold its parameter: parameter=bytes indexed"
                + " type=BigInteger fitting=Bytes32, the hash of it",
            "Other.words[] has a type that cannot hold its parameter: parameter=bytes32 type=?"
                + " fitting=Bytes32 or Bytes",
            "Other.numbers[] has a type that cannot hold its parameter: parameter=uint256[2]"
                + " type=int fitting=List<BigInteger>",
            "Other.array has a type that cannot hold its parameter: parameter=uint8[] type=String"
                + " fitting=List<BigInteger or Long or Integer>");
  }

  @Test
  void anonymous_eventHasItsParametersInEveryTopic() {
    Address alice = Address.of("0x1111111111111111111111111111111111111111");
    byte[][] data = {Encoded.word(32), Encoded.word(0)};

    assertThat(
            Encoded.decode(
                Encoded.decoder(NestedEvents.Note.class),
                new byte[][] {Encoded.word(alice)},
                Encoded.words(data, new byte[0])))
        .isEqualTo(new NestedEvents.Note(alice, List.of()));
  }
}
