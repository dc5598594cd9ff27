package dev.millrace.loaders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loaders.ColumnType.Decimal;
import dev.millrace.loaders.ColumnType.Scalar;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** One definition of equality and order: Java and PostgreSQL agree on canonical values. */
final class ColumnTypeTest {
  @Test
  @Tag("B15")
  @DisplayName("B15 text is ordered by its UTF-8 bytes, beyond the first plane too")
  void text_isOrderedByItsBytes() {
    Random random = new Random(1);
    List<String> texts =
        new ArrayList<>(List.of("", "a", "A", "é", "\uFFFD", "\uE000", "𐀀", "😀"));
    for (int i = 0; i < 300; i++) {
      texts.add(text(random));
    }
    for (String left : texts) {
      for (String right : texts) {
        int bytes =
            Arrays.compareUnsigned(
                left.getBytes(StandardCharsets.UTF_8), right.getBytes(StandardCharsets.UTF_8));
        assertThat(Integer.signum(Scalar.TEXT.compare(left, right)))
            .as("%s to %s", left, right)
            .isEqualTo(Integer.signum(bytes));
      }
    }
  }

  private static String text(Random random) {
    int[] points = {'a', 'b', 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF};
    StringBuilder out = new StringBuilder();
    for (int i = random.nextInt(5); i > 0; i--) {
      out.appendCodePoint(points[random.nextInt(points.length)]);
    }
    return out.toString();
  }

  static Stream<String> refusedTexts() {
    return Stream.of("\0", "a\0", "\uD83D", "\uDE00", "\uDE00\uD83D", "a\uD83Db");
  }

  @ParameterizedTest
  @MethodSource("refusedTexts")
  @Tag("C2")
  void text_thatNoStoreHoldsIsRefused(String text) {
    assertThatThrownBy(() -> Scalar.TEXT.canonical(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("text must not contain");
  }

  @Test
  @Tag("B15")
  @DisplayName("B15 decimals are equal by value, at the scale of their column")
  void decimal_isEqualByValue() {
    Decimal money = new Decimal(4);
    assertThat(money.canonical(new BigDecimal("1.5")))
        .isEqualTo(money.canonical(new BigDecimal("1.50000")))
        .isEqualTo(new BigDecimal("1.5000"));
    assertThat(money.canonical(new BigDecimal("-0.0"))).isEqualTo(new BigDecimal("0.0000"));
    assertThat(money.canonical(new BigDecimal("1E+3"))).isEqualTo(new BigDecimal("1000.0000"));
    assertThat(money.compare(money.canonical(BigDecimal.ONE), money.canonical(BigDecimal.TEN)))
        .isNegative();
  }

  static Stream<BigDecimal> refusedDecimals() {
    return Stream.of(
        new BigDecimal("0.00001"),
        new BigDecimal("1E+999999999"),
        new BigDecimal("1E-999999999"),
        BigDecimal.TEN.pow(73));
  }

  @ParameterizedTest
  @MethodSource("refusedDecimals")
  @Tag("C3")
  void decimal_isNeverRounded(BigDecimal value) {
    assertThatThrownBy(() -> new Decimal(4).canonical(value))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("decimal ");
  }

  @Test
  @Tag("B15")
  @DisplayName("B15 there is one zero, and NaN equals itself above all others")
  void doubles_areOrderedAsInPostgres() {
    assertThat(Scalar.DOUBLE.canonical(-0.0)).isEqualTo(0.0);
    assertThat(Scalar.DOUBLE.canonical(Double.NaN)).isEqualTo(Double.NaN);
    Object odd = Scalar.DOUBLE.canonical(Double.longBitsToDouble(0x7FF8000000000001L));
    assertThat(odd).isEqualTo(Double.NaN);
    assertThat(Scalar.DOUBLE.compare(odd, Double.NaN)).isZero();
    assertThat(Scalar.DOUBLE.compare(Double.NaN, Double.POSITIVE_INFINITY)).isPositive();
  }

  @Test
  @Tag("B15")
  @Tag("C3")
  @DisplayName("B15 C3 instants count microseconds, before 1970 too")
  void instant_isHeldInMicros() {
    assertThat(Scalar.INSTANT.canonical(Instant.parse("2024-01-01T00:00:00.123456789Z")))
        .isEqualTo(Instant.parse("2024-01-01T00:00:00.123456Z"));
    assertThat(Scalar.INSTANT.canonical(Instant.parse("1969-12-31T23:59:59.999999999Z")))
        .isEqualTo(Instant.parse("1969-12-31T23:59:59.999999Z"));
    assertThatThrownBy(() -> Scalar.INSTANT.canonical(Instant.MAX))
        .hasMessageStartingWith("instant must lie in the years 1 to 9999");
    assertThatThrownBy(() -> Scalar.INSTANT.canonical(Instant.MIN))
        .hasMessageStartingWith("instant must lie in the years 1 to 9999");
  }

  @Test
  @Tag("C3")
  @DisplayName("C3 integers hold 256 bits, signed or not, and no more")
  void integer_holdsAWord() {
    BigInteger max = BigInteger.TWO.pow(256).subtract(BigInteger.ONE);
    BigInteger least = BigInteger.TWO.pow(255).negate();
    assertThat(Scalar.BIG_INTEGER.canonical(max)).isEqualTo(max);
    assertThat(Scalar.BIG_INTEGER.canonical(least)).isEqualTo(least);
    assertThatThrownBy(() -> Scalar.BIG_INTEGER.canonical(max.add(BigInteger.ONE)))
        .hasMessageStartingWith("integer must lie between -2^255 and 2^256-1");
    assertThatThrownBy(() -> Scalar.BIG_INTEGER.canonical(least.subtract(BigInteger.ONE)))
        .hasMessageStartingWith("integer must lie between -2^255 and 2^256-1");
  }

  enum Kind {
    B,
    A
  }

  @Test
  @Tag("B15")
  @DisplayName("B15 enums are ordered by name, bytes unsigned, event ids by block then log")
  void otherTypes_areOrderedAsTheyAreStored() {
    assertThat(new ColumnType.Enumerated(Kind.class).compare(Kind.A, Kind.B)).isNegative();
    assertThat(Scalar.BYTES.compare(Bytes.of("0x7f"), Bytes.of("0x80"))).isNegative();
    assertThat(Scalar.BYTES.compare(Bytes.of("0x80"), Bytes.of("0x8000"))).isNegative();
    assertThat(
            Scalar.ADDRESS.compare(
                Address.of("0x7f" + "ff".repeat(19)), Address.of("0x80" + "00".repeat(19))))
        .isNegative();
    assertThat(
            Scalar.BYTES32.compare(
                Bytes32.of("0x" + "00".repeat(24) + "7f" + "ff".repeat(7)),
                Bytes32.of("0x" + "00".repeat(24) + "80" + "00".repeat(7))))
        .isNegative();
    assertThat(Scalar.EVENT_ID.compare(EventId.of(1, 1_000_000), EventId.of(2, 0))).isNegative();
    assertThat(Scalar.BOOLEAN.compare(false, true)).isNegative();
  }

  @Test
  @Tag("B15")
  @DisplayName("B15 lists are brought into form item by item, and hold no null")
  void list_isBroughtIntoForm() {
    ColumnType decimals = new ColumnType.ListOf(new Decimal(1));
    assertThat(decimals.canonical(List.of(new BigDecimal("1"), new BigDecimal("1.50"))))
        .isEqualTo(List.of(new BigDecimal("1.0"), new BigDecimal("1.5")));
    assertThatThrownBy(() -> decimals.canonical(Arrays.asList(BigDecimal.ONE, null)))
        .hasMessage("list must not hold null: at=1");
    assertThatThrownBy(() -> decimals.canonical(List.of(1L)))
        .hasMessage("list holds a value of another type: expected=BigDecimal found=Long");
  }
}
