package dev.millrace.loaders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One text per JSON value. */
final class JsonTest {
  @ParameterizedTest
  @Tag("B15")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{ \"b\" : 1 , \"a\" : [ ] }         | {\"a\":[],\"b\":1}",
        "{\"a\":1,\"a\":2}                   | {\"a\":2}",
        "{\"\uE000\":1,\"\uD83D\uDE00\":2}   | {\"\uE000\":1,\"\uD83D\uDE00\":2}",
        "1.0                                 | 1",
        "-0                                  | 0",
        "-0.0e7                              | 0",
        "1.50e2                              | 150",
        "1E+2                                | 100",
        "-120.0340                           | -120.034",
        "1.234e2                             | 123.4",
        "0e-999999                           | 0",
        "12e-3                               | 0.012",
        "\"\\u0041\\/\\t\\u001F\"            | \"A/\\t\\u001f\"",
        "\"\\ud83d\\ude00\"                  | \"\uD83D\uDE00\"",
        "[true , false,null]                 | [true,false,null]",
        "{\"a\":{\"b\":{\"d\":1,\"c\":2}}}   | {\"a\":{\"b\":{\"c\":2,\"d\":1}}}"
      })
  void value_hasOneText(String given, String canonical) {
    assertThat(Json.of(given).text()).isEqualTo(canonical);
    assertThat(Json.of(canonical)).isEqualTo(Json.of(given));
    assertThat(Json.of(canonical).text()).as("a canonical text stays").isEqualTo(canonical);
  }

  @ParameterizedTest
  @Tag("C2")
  @ValueSource(
      strings = {
        "",
        "{",
        "[1,]",
        "{\"a\" 1}",
        "{a:1}",
        "01",
        "+1",
        "1.",
        "-",
        "1e",
        "1e+",
        "1.2.3",
        "1e2e3",
        "[01]",
        "--1",
        "1-",
        ".5",
        "NaN",
        "tru",
        "nulll",
        "1 2",
        "\"\t\"",
        "\"\\x\"",
        "\"\\u00g0\"",
        "\"\\u\uFF10\uFF10\uFF14\uFF11\"",
        "\"\\u0000\"",
        "\"\\ud83d\"",
        "1e1001",
        "1e-1001",
        "1e9999999"
      })
  void text_thatIsNoJsonIsRefused(String given) {
    assertThatThrownBy(() -> Json.of(given))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("json cannot be read: ");
  }

  @Test
  @Tag("C2")
  @DisplayName("nesting has a limit, and it is an error, not an overflow of the stack")
  void nesting_hasALimit() {
    assertThat(Json.of("[".repeat(512) + "]".repeat(512)).text()).hasSize(1024);
    assertThatThrownBy(() -> Json.of("[".repeat(100_000)))
        .hasMessageContaining("nested deeper than 512");
  }

  @ParameterizedTest
  @Tag("C12")
  @ValueSource(strings = {"9", "0", "0.", "-1.9", "1e", "0e-"})
  @DisplayName("C12 ten million digits are refused, or read, in the time that their text takes")
  @Timeout(60) // 100,000 digits took a second before, and four times as many 16 times as long
  void number_ofMillionsOfDigits(String begin) {
    String zeros = begin + "0".repeat(10_000_000);
    if (begin.contains(".")) {
      assertThat(Json.of(zeros).text()).isEqualTo(begin.replace("0.", "0"));
    } else {
      assertThatThrownBy(() -> Json.of(zeros)).hasMessageStartingWith("json cannot be read: ");
    }
    assertThatThrownBy(() -> Json.of(begin + "7".repeat(10_000_000)))
        .hasMessageContaining(begin.equals("0") ? "begins with 0" : "more than 1000 digits");
  }

  @Test
  @Tag("C12")
  @DisplayName("C12 numbers may not take many times the memory of their text")
  void numbers_growWithinALimit() {
    assertThat(Json.of("[1e-999,1e999,-1e-999]").text()).hasSize(1001 + 1000 + 1002 + 4);
    assertThat(Json.of("[" + "-1.7976931348623157e308,".repeat(10_000) + "1]").text())
        .hasSize(10_000 * 311 + 3);
    assertThatThrownBy(() -> Json.of("[" + "1e-999,".repeat(100) + "1]"))
        .hasMessageContaining("too long without their exponents");
    assertThatThrownBy(() -> Json.of("{\"a\":[" + "1e999,".repeat(1_000_000) + "1]}"))
        .hasMessageContaining("too long without their exponents");
  }

  @Test
  @Tag("B15")
  @DisplayName("B15 a number has the text of the decimal that it is")
  void number_isAsADecimalSays() {
    Random random = new Random(7);
    for (int i = 0; i < 20_000; i++) {
      BigDecimal number =
          new BigDecimal(
              new BigInteger(random.nextInt(120), random)
                  .multiply(BigInteger.TEN.pow(random.nextInt(4)))
                  .multiply(BigInteger.valueOf(random.nextInt(3) - 1)),
              random.nextInt(-300, 300));
      String plain = number.signum() == 0 ? "0" : number.stripTrailingZeros().toPlainString();
      assertThat(Json.of(number.toString()).text()).isEqualTo(plain);
      assertThat(Json.of(number.toPlainString()).text()).isEqualTo(plain);
      assertThat(Json.of(number.unscaledValue() + "e" + -number.scale()).text()).isEqualTo(plain);
    }
  }
}
