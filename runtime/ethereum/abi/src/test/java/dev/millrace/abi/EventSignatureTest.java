package dev.millrace.abi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loaders.Bytes32;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class EventSignatureTest {
  private final List<String> mistakes = new ArrayList<>();

  @Test
  void topic_isTheOneOfEveryErc20Transfer() {
    EventSignature signature =
        EventSignature.read(
                "event Transfer(address indexed from, address  indexed to,uint value);",
                mistakes::add)
            .orElseThrow();

    assertThat(signature.topic())
        .contains(Bytes32.of("0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"));
    assertThat(signature.asked()).isEqualTo("Transfer(address indexed, address indexed, uint256)");
    assertThat(signature.topics()).isEqualTo(3);
  }

  @Test
  void signature_mayHaveNoParametersAndNoNames() {
    assertThat(EventSignature.read("Paused()", mistakes::add).orElseThrow().parameters()).isEmpty();
    assertThat(EventSignature.read("Set(bytes4,int8 indexed)", mistakes::add).orElseThrow().asked())
        .isEqualTo("Set(bytes4, int8 indexed)");
  }

  @Test
  void signature_mayHaveArraysAndTuples() {
    EventSignature signature =
        EventSignature.read(
                "Filled((address maker, uint256 amount)[] fills, bytes32 indexed id,"
                    + " tuple(int8[2] a, (bool, string) b)[3][] indexed more, function f)",
                mistakes::add)
            .orElseThrow();

    assertThat(signature.canonical())
        .isEqualTo("Filled((address,uint256)[],bytes32,(int8[2],(bool,string))[3][],function)");
    assertThat(signature.topics()).isEqualTo(3);
  }

  @Test
  void signature_mayBeAnonymous() {
    EventSignature signature =
        EventSignature.read("event Note(bool indexed a) anonymous;", mistakes::add).orElseThrow();

    assertThat(signature.topic()).isEmpty();
    assertThat(signature.topics()).isEqualTo(1);
    assertThat(signature.asked()).isEqualTo("Note(bool indexed) anonymous");
    assertThat(signature.key()).isEqualTo("anonymous/1");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Transfer | expected (: column=9 signature=\"Transfer<here>\"",
        "Transfer(address from | expected , or ): column=22 signature=\"Transfer(address from<here>\"",
        "A(uint7 x) | unknown type uint7",
        "A(bool b, Side x) | column=11 signature=\"A(bool b, <here>Side x)\"",
        "A(uint264 x) | unknown type uint264",
        "A(bytes33 x) | unknown type",
        "A(string32 x) | unknown type",
        "A(ufixed128x18 x) | fixed-point numbers like ufixed128x18 are not supported",
        "A(fixed x) | fixed-point",
        "A(bool a b) | expected , or )",
        "A(bool 1a) | expected , or )",
        "A(bool,) | expected a type",
        "A(bool a) anonimous | expected the end",
        "A(bool a) anonymous; x | expected the end",
        "A(bool[ x) | expected ]",
        "A(bool[0] x) | this many",
        "A(bool[99999999999] x) | this many",
        "A(bool[1000][1000] x) | this many",
        "A((bool[30000] a, bool[30000] b) x) | too long",
        "A(() x) | a tuple has no component",
        "A((bool indexed a) x) | cannot be indexed",
        "A((bool a x) | expected , or )",
        "A(bool[][][][][][][][][][][][][][][][][] x) | nested deeper",
        "A((((((((((((((((((bool))))))))))))))))) x) | nested deeper",
        "A(bool indexed a,bool indexed b,bool indexed c,bool indexed d) | more than three",
        "A(bool indexed,bool indexed,bool indexed,bool indexed,int indexed) anonymous | four",
      })
  void signature_saysWhatIsWrongWithIt(String signature, String complaint) {
    assertThat(EventSignature.read(signature, mistakes::add)).isEmpty();
    assertThat(mistakes).singleElement().asString().contains(complaint);
  }
}
