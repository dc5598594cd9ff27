package dev.millrace.postgres.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loaders.ColumnType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Numbers to base 10000 and back. */
final class BinaryNumericCodecTest {
  private static byte[] encoded(BigDecimal value) {
    NetworkOrderBuffer out = new NetworkOrderBuffer();
    new BinaryNumericCodec().put(out, value.unscaledValue(), value.scale());
    byte[] field = new byte[out.length()];
    System.arraycopy(out.bytes(), 0, field, 0, field.length);
    assertThat(NetworkOrderBuffer.intAt(field, 0)).as("length").isEqualTo(field.length - 4);
    return field;
  }

  @ParameterizedTest(name = "{0} is {1} digits, weight {2}, sign {3}, scale {4}")
  @CsvSource({
    "0, 0, 0, 0, 0",
    "1, 1, 0, 0, 0",
    "-1, 1, 0, 16384, 0",
    "9999, 1, 0, 0, 0",
    "10000, 1, 1, 0, 0",
    "10001, 2, 1, 0, 0",
    "0.5, 1, -1, 0, 1",
    "12345.678, 3, 1, 0, 3",
    "0.00001, 1, -2, 0, 5",
    "0.00, 0, 0, 0, 2",
    "100000000000000000000000000000000, 1, 8, 0, 0"
  })
  void number_hasTheFormOfTheServer(BigDecimal value, int digits, int weight, int sign, int scale) {
    byte[] field = encoded(value);
    assertThat(
            List.of(
                NetworkOrderBuffer.shortAt(field, 4),
                NetworkOrderBuffer.shortAt(field, 6),
                NetworkOrderBuffer.shortAt(field, 8),
                NetworkOrderBuffer.shortAt(field, 10)))
        .containsExactly(digits, weight, sign, scale);
  }

  @Test
  @Tag("C3")
  @DisplayName("C3 integers of 256 bits and decimals of 76 digits come back as they were")
  void number_comesBack() {
    Random random = new Random(5);
    List<BigInteger> values =
        new ArrayList<>(
            List.of(
                BigInteger.ZERO,
                ColumnType.MAX_INTEGER,
                ColumnType.MIN_INTEGER,
                BigInteger.TWO.pow(52),
                BigInteger.TWO.pow(52).subtract(BigInteger.ONE),
                BigInteger.TEN.pow(76).subtract(BigInteger.ONE)));
    for (int bits = 1; bits < 255; bits++) {
      BigInteger drawn = new BigInteger(bits, random);
      values.add(drawn);
      values.add(drawn.negate());
      values.add(BigInteger.TWO.pow(bits));
      values.add(BigInteger.TEN.pow(bits % 76));
    }
    for (BigInteger value : values) {
      for (int scale : new int[] {0, 1, 2, 3, 4, 7, 18, 38}) {
        byte[] field = encoded(new BigDecimal(value, scale));
        assertThat(BinaryNumericCodec.decimal(field, 4, scale))
            .isEqualTo(new BigDecimal(value, scale));
      }
    }
  }
}
