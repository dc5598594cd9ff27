package dev.millrace.chdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CompressionTest {

  /** The answers are those of ClickHouse's own Java client. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      value = {
        "0 3df09dfc64c09a2b 3cb540c392e51e29",
        "1 39379490ccb55d55 2af2b13064cd571f",
        "3 3108fa6b1da16986 32301bf0c250612d",
        "4 2321e75aee8d6c41 cea6b327f605358d",
        "7 9ef90f69597e95c7 4987956c9782ee8f",
        "8 b6ad7c9a5953432f 9f0e02109921888c",
        "9 5601ccf1e058519a f8512fca28333fef",
        "15 5a8299d8ab8f2f47 8ea0a478a90d3277",
        "16 21e79cab7f9c2b79 a35615c235313f7a",
        "17 0cd5bb13faea6e4c 32bf719178f6bbfe",
        "31 6e4f70325ec27ffc 9a23a7e9f0b515e0",
        "32 67cfab8404eec7e9 80cd3c27f5bd61ee",
        "33 094bbf1d5b6ddb61 10572bd58efa7aaf",
        "127 1f1c2a3c62829942 5d5820604b01deea",
        "128 11d00b10d6694d31 108fb9e5b83fdff4",
        "143 201689145f2ebee2 df56bd91c3fb4dd0",
        "144 d639167b9b85767d 07a10bf4573107c6",
        "145 de654d669366fc2a d2f68f547b37d6f5",
        "271 d3b086e6bb77a21b 862fedb3038c14c1",
        "272 efd5ff73250bf76d edec81d742e3b161",
        "273 6cb627d4ace6fb60 f229b202578db602",
        "1000 984b538c7b372373 f6e6cbc56b688720",
        "100000 ad438ab8482f6845 8d86acc59e44e962"
      })
  void hash_isThatOfVersion102(int length, String low, String high) {
    CityHash.Hash hash = CityHash.hash(bytes(length), 0, length);

    assertThat(hash)
        .isEqualTo(
            new CityHash.Hash(Long.parseUnsignedLong(low, 16), Long.parseUnsignedLong(high, 16)));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 262_143, 262_144, 262_145, 1_000_000})
  void blocks_readBackWhatWasWritten(int length) throws IOException {
    ByteArrayOutputStream written = new ByteArrayOutputStream();
    BlockOutput blocks = new BlockOutput(written);
    blocks.write(bytes(length));
    blocks.flush();

    assertThat(read(written.toByteArray())).isEqualTo(bytes(length));
  }

  @Test
  void block_thatIsDamagedIsRefused() throws IOException {
    ByteArrayOutputStream written = new ByteArrayOutputStream();
    BlockOutput blocks = new BlockOutput(written);
    blocks.write(bytes(100));
    blocks.flush();
    byte[] damaged = written.toByteArray();
    damaged[60] ^= 1;

    assertThatThrownBy(() -> read(damaged))
        .isInstanceOf(ChdbException.class)
        .hasMessage(
            "Code: 271. DB::Exception: Cannot decompress the request: checksum does not match."
                + " (CANNOT_DECOMPRESS)");
    assertThatThrownBy(() -> read(Arrays.copyOf(damaged, 20))).hasMessageContaining("cut short");
  }

  /** Literals, then matches that overlap what they write, then literals. */
  @Test
  void lz4_copiesWhatIsAlreadyThere() {
    byte[] packed = HexFormat.of().parseHex("3f616263" + "0300" + "0a" + "20" + "7879");

    assertThat(
            new String(BlockInput.plain(packed, 0, 34), java.nio.charset.StandardCharsets.US_ASCII))
        .isEqualTo("abc".repeat(10).substring(0, 3) + "abcabcabcabcabcabcabcabcabcab" + "xy");
    assertThatThrownBy(() -> BlockInput.plain(packed, 0, 30)).isInstanceOf(ChdbException.class);
    byte[] farther = HexFormat.of().parseHex("106100ff");
    assertThatThrownBy(() -> BlockInput.plain(farther, 0, 30)).isInstanceOf(ChdbException.class);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 65_535, 65_536, 200_000})
  void envelope_isGzip(int length) throws IOException {
    byte[] packed = packed(length);

    assertThat(new GZIPInputStream(new ByteArrayInputStream(packed)).readAllBytes())
        .isEqualTo(bytes(length));
    assertThatThrownBy(() ->
            new GZIPInputStream(new ByteArrayInputStream(packed, 0, packed.length - 1))
                .readAllBytes())
        .isInstanceOf(EOFException.class);
  }

  private static byte[] packed(int length) throws IOException {
    ByteArrayOutputStream written = new ByteArrayOutputStream();
    StoredGzip gzip = new StoredGzip(written);
    gzip.write(bytes(length));
    gzip.end();
    return written.toByteArray();
  }

  private static byte[] read(byte[] blocks) throws IOException {
    return new BlockInput(new ByteArrayInputStream(blocks)).readAllBytes();
  }

  private static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (i * 7 + 3);
    }
    return bytes;
  }
}
