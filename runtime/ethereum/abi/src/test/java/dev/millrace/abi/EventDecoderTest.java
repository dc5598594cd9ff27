package dev.millrace.abi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.esaulpaugh.headlong.abi.Tuple;
import com.esaulpaugh.headlong.abi.TupleType;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import java.math.BigInteger;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class EventDecoderTest {
  @TestEvent("Transfer(address indexed from, address indexed to, uint256 value)")
  record Transferred(Address from, Address to, BigInteger value) {}

  @TestEvent(
      "Everything(uint64 indexed a, uint56 b, uint24 c, int64 d, int32 e, bool f, bytes32 g,"
          + " bytes4 h, bytes i, string indexed j, string k, int256 l)")
  record Everything(
      BigInteger a,
      long b,
      int c,
      long d,
      int e,
      boolean f,
      Bytes32 g,
      Bytes h,
      Bytes i,
      Bytes32 j,
      String k,
      BigInteger l) {}

  @TestEvent("Empty()")
  record Empty() {}

  private static final Address ALICE = Address.of("0x1111111111111111111111111111111111111111");
  private static final Address BOB = Address.of("0x2222222222222222222222222222222222222222");

  @Test
  void decode_readsTopicsAndData() {
    assertThat(transfer(Encoded.word(42)))
        .isEqualTo(new Transferred(ALICE, BOB, BigInteger.valueOf(42)));
    byte[] max = new byte[32];
    java.util.Arrays.fill(max, (byte) -1);
    assertThat(transfer(max))
        .isEqualTo(new Transferred(ALICE, BOB, BigInteger.TWO.pow(256).subtract(BigInteger.ONE)));
  }

  @Test
  void decode_makesAnEventWithoutParameters() {
    assertThat(Encoded.decode(Encoded.decoder(Empty.class), new byte[1][32], new byte[0]))
        .isEqualTo(new Empty());
  }

  @Test
  void decode_readsEveryTypeAsHeadlongWritesIt() {
    EventDecoder decoder = Encoded.decoder(Everything.class);
    TupleType<Tuple> data =
        TupleType.parse("(uint56,uint24,int64,int32,bool,bytes32,bytes4,bytes,string,int256)");
    Random random = new Random(5);
    for (int round = 0; round < 500; round++) {
      Everything event = everything(random);
      Tuple values =
          Tuple.from(
              event.b(),
              event.c(),
              event.d(),
              event.e(),
              event.f(),
              event.g().bytes(),
              event.h().bytes(),
              event.i().bytes(),
              event.k(),
              event.l());
      byte[][] topics = {new byte[32], Encoded.word(event.a().longValue()), event.j().bytes()};

      assertThat(Encoded.decode(decoder, topics, data.encode(values).array())).isEqualTo(event);
    }
  }

  private static Everything everything(Random random) {
    return new Everything(
        new BigInteger(64, random),
        random.nextLong() >>> 8,
        random.nextInt() >>> 8,
        random.nextLong(),
        random.nextInt(),
        random.nextBoolean(),
        Bytes32.of(bytes(random, 32)),
        Bytes.of(bytes(random, 4)),
        Bytes.of(bytes(random, random.nextInt(70))),
        Bytes32.of(bytes(random, 32)),
        "schön 🌊 ".repeat(random.nextInt(8)),
        new BigInteger(255, random).multiply(BigInteger.valueOf(random.nextBoolean() ? 1 : -1)));
  }

  private static byte[] bytes(Random random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  @TestEvent("One(bool a)")
  record OneBool(boolean a) {}

  @TestEvent("One(uint24 a)")
  record OneInt(int a) {}

  @TestEvent("One(int32 a)")
  record OneSignedInt(int a) {}

  @TestEvent("One(uint8 a)")
  record OneSmallInteger(BigInteger a) {}

  @TestEvent("One(int8 a)")
  record OneSmallSignedInteger(BigInteger a) {}

  @TestEvent("One(bytes4 a)")
  record OneFixed(Bytes a) {}

  @TestEvent("One(string a)")
  record OneText(String a) {}

  @TestEvent("One(address a)")
  record OneAddress(Address a) {}

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "OneBool | 2 | neither 0 nor 1",
        "OneInt | 1000000 | too large",
        "OneInt | 1000000000000000 | too large",
        "OneInt | 100000000000000000000000000000000 | out of range",
        "OneSignedInt | 80000000 | out of range",
        "OneSmallInteger | 100 | too large",
        "OneSmallSignedInteger | 80 | out of range",
        "OneFixed | 1 | padding",
        "OneAddress | 10000000000000000000000000000000000000000 | more than 20 bytes",
        "OneText | 20 | outside the data",
        "OneText | ffffffffffffffff | outside the data",
        "OneText | 7fffffffffffffff | outside the data",
      })
  void decode_refusesWhatItsTypeCannotSay(String type, String word, String complaint)
      throws ReflectiveOperationException {
    EventDecoder decoder =
        Encoded.decoder(Class.forName(EventDecoderTest.class.getName() + "$" + type));
    byte[] data = HexFormat.of().parseHex("0".repeat(64 - word.length()) + word);

    assertThatThrownBy(() -> Encoded.decode(decoder, new byte[1][32], data))
        .isInstanceOf(UndecodableException.class)
        .hasMessageContaining(complaint);
  }

  @Test
  void decode_refusesTextThatReachesOutsideOrIsPaddedWithSomething() {
    EventDecoder decoder = Encoded.decoder(OneText.class);

    assertThatThrownBy(() -> text(decoder, Encoded.word(33), new byte[32]))
        .hasMessageContaining("reaches outside");
    assertThatThrownBy(() -> text(decoder, Encoded.word(-1), new byte[32]))
        .hasMessageContaining("reaches outside");
    assertThatThrownBy(() -> text(decoder, Encoded.word(1), Encoded.word(1)))
        .hasMessageContaining("padding");
    assertThat(text(decoder, Encoded.word(2), new byte[] {'o', 'k'}))
        .as("the last word need not be padded")
        .isEqualTo(new OneText("ok"));
    assertThat(text(decoder, Encoded.word(2), new byte[] {(byte) 0xff, 'k'}))
        .isEqualTo(new OneText("\ufffdk"));
  }

  private static Object text(EventDecoder decoder, byte[] length, byte[] content) {
    byte[] data = new byte[64 + content.length];
    System.arraycopy(Encoded.word(32), 0, data, 0, 32);
    System.arraycopy(length, 0, data, 32, 32);
    System.arraycopy(content, 0, data, 64, content.length);
    return Encoded.decode(decoder, new byte[1][32], data);
  }

  @Test
  void decode_refusesDataOfAnotherLength() {
    assertThatThrownBy(() -> transfer(new byte[31])).hasMessageContaining("wrong length");
    assertThatThrownBy(() -> transfer(new byte[64])).hasMessageContaining("wrong length");
  }

  private static Object transfer(byte[] data) {
    byte[][] topics = {new byte[32], Encoded.word(ALICE), Encoded.word(BOB)};
    return Encoded.decode(Encoded.decoder(Transferred.class), topics, data);
  }
}
