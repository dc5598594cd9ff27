package dev.millrace.evm;

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
        .isEqualTo(
            Bytes32.of("0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"));
    assertThat(signature.asked()).isEqualTo("Transfer(address indexed, address indexed, uint256)");
    assertThat(signature.topics()).isEqualTo(3);
  }

  @Test
  void signature_mayHaveNoParametersAndNoNames() {
    assertThat(EventSignature.read("Paused()", mistakes::add).orElseThrow().parameters()).isEmpty();
    assertThat(EventSignature.read("Set(bytes4,int8 indexed)", mistakes::add).orElseThrow().asked())
        .isEqualTo("Set(bytes4, int8 indexed)");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Transfer | signature that is not",
        "Transfer(address from | signature that is not",
        "A(uint7 x) | unknown type",
        "A(uint264 x) | unknown type",
        "A(bytes33 x) | unknown type",
        "A(string32 x) | unknown type",
        "A(uint256[] x) | array or a tuple",
        "A((uint256,bool) x) | array or a tuple",
        "A(bool a b) | not \"type name\"",
        "A(bool 1a) | not \"type name\"",
        "A(bool,) | unknown type",
        "A(bool a) anonymous | anonymous",
        "A(bool indexed a,bool indexed b,bool indexed c,bool indexed d) | more than three",
      })
  void signature_saysWhatIsWrongWithIt(String signature, String complaint) {
    assertThat(EventSignature.read(signature, mistakes::add)).isEmpty();
    assertThat(mistakes).singleElement().asString().contains(complaint);
  }
}
