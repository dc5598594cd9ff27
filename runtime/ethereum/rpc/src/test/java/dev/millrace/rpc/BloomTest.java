package dev.millrace.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.evm.LogFilter;
import dev.millrace.jsonrpc.JsonInput;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Blooms as nodes return them, and the conclusions from each. */
final class BloomTest {
  private static final LogFilter FILTER =
      new LogFilter(List.of(Address.of(FakeChain.CONTRACT)), List.of(Bytes32.of(FakeChain.TOPIC)));

  @Test
  @Tag("F17")
  @DisplayName("F17 a bloom that is missing, null or all zero denies nothing")
  void denies_isNotSaidByABloomThatKnowsNothing() throws Exception {
    Bloom zeros = bloom(",\"logsBloom\":\"0x" + "00".repeat(Bloom.LENGTH) + '"');

    assertThat(bloom("").isMissing()).isTrue();
    assertThat(bloom(",\"logsBloom\":null")).isSameAs(Bloom.MISSING);
    assertThat(Bloom.MISSING.denies(FILTER)).isFalse();
    assertThat(zeros).isEqualTo(Bloom.EMPTY).isNotEqualTo(Bloom.MISSING);
    assertThat(zeros.denies(FILTER)).isFalse();
    assertThat(zeros.mayMatch(FILTER)).isFalse();
  }

  @Test
  @Tag("F17")
  @DisplayName("F17 a bloom with bits denies what would have set others")
  void denies_isSaidByABloomOfOtherLogs() throws Exception {
    Bloom others = bloom(",\"logsBloom\":\"0x01" + "00".repeat(Bloom.LENGTH - 1) + '"');
    Bloom all = bloom(",\"logsBloom\":\"0x" + "ff".repeat(Bloom.LENGTH) + '"');

    assertThat(others.denies(FILTER)).isTrue();
    assertThat(all.denies(FILTER)).isFalse();
    assertThat(all.mayMatch(FILTER)).isTrue();
  }

  private static Bloom bloom(String member) throws IOException {
    String json =
        "{\"number\":\"0x1\",\"hash\":\"%1$s\",\"parentHash\":\"%1$s\",\"timestamp\":\"0x1\"%2$s}"
            .formatted(FakeChain.TOPIC, member);
    JsonInput in = new JsonInput();
    in.open(new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), Long.MAX_VALUE);
    NodeBlock block = BlockReader.block(in);
    return block == null ? Bloom.EMPTY : block.bloom();
  }
}
