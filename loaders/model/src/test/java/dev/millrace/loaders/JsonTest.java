package dev.millrace.loaders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
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
}
