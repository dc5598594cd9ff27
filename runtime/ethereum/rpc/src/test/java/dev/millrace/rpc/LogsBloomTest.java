package dev.millrace.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.evm.LogFilter;
import dev.millrace.jsonrpc.JsonStreamReader;
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
final class LogsBloomTest {
  private static final LogFilter FILTER =
      new LogFilter(List.of(Address.of(FakeChain.CONTRACT)), List.of(Bytes32.of(FakeChain.TOPIC)));

  @Test
  @Tag("F17")
  @DisplayName("F17 a bloom that is missing, null, empty or all zero denies nothing")
  void denies_isNotSaidByABloomThatKnowsNothing() throws Exception {
    LogsBloom zeros = bloom(",\"logsBloom\":\"0x" + "00".repeat(LogsBloom.LENGTH) + '"');

    assertThat(bloom("").isMissing()).isTrue();
    assertThat(bloom(",\"logsBloom\":null")).isSameAs(LogsBloom.MISSING);
    assertThat(bloom(",\"logsBloom\":\"0x\"")).isSameAs(LogsBloom.MISSING);
    assertThat(LogsBloom.MISSING.denies(FILTER)).isFalse();
    assertThat(zeros).isEqualTo(LogsBloom.EMPTY).isNotEqualTo(LogsBloom.MISSING);
    assertThat(zeros.denies(FILTER)).isFalse();
    assertThat(zeros.mayMatch(FILTER)).isFalse();
  }

  @Test
  @Tag("F17")
  @DisplayName("F17 a bloom with bits denies what would have set others")
  void denies_isSaidByABloomOfOtherLogs() throws Exception {
    LogsBloom others = bloom(",\"logsBloom\":\"0x01" + "00".repeat(LogsBloom.LENGTH - 1) + '"');
    LogsBloom all = bloom(",\"logsBloom\":\"0x" + "ff".repeat(LogsBloom.LENGTH) + '"');

    assertThat(others.denies(FILTER)).isTrue();
    assertThat(all.denies(FILTER)).isFalse();
    assertThat(all.mayMatch(FILTER)).isTrue();
  }

  private static LogsBloom bloom(String member) throws IOException {
    String json =
        "{\"number\":\"0x1\",\"hash\":\"%1$s\",\"parentHash\":\"%1$s\"%2$s,\"timestamp\":\"0x1\"}"
            .formatted(FakeChain.TOPIC, member);
    JsonStreamReader in = new JsonStreamReader();
    in.open(new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), Long.MAX_VALUE);
    NodeBlockHeader block = BlockReplyReader.block(in);
    return block == null ? LogsBloom.EMPTY : block.bloom();
  }
}
