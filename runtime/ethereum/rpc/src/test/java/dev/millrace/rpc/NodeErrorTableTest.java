package dev.millrace.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.jsonrpc.RpcCallException;
import dev.millrace.rpc.NodeErrorTable.Action;
import dev.millrace.rpc.NodeErrorTable.Classification;
import dev.millrace.rpc.NodeErrorTable.Range;
import dev.millrace.rpc.NodeErrorTable.Row;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every refusal of known providers, and the range that is asked for next. */
final class NodeErrorTableTest {
  private static final NodeErrorTable TABLE = NodeErrorTable.of(Optional.empty());
  private static final long FROM = 100;
  private static final long TO = 100_099;

  /** The words of a provider, and the blocks behind the first to ask for then. */
  @ParameterizedTest
  @Tag("F10")
  @DisplayName("F10 every known refusal has its next range")
  @CsvSource(
      delimiter = '|',
      value = {
        "requested too many blocks from 100 to 100099, maximum is set to 2048 | 0 | 2047",
        "Max range: 800 | 0 | 799",
        "Maximum allowed number of requested blocks is 1000 | 0 | 1000",
        "Try with this block range [0x64, 0x12B]. | -32005 | 199",
        "query returned more than 10000 results. Try with this block range [0x64, 0xC8]. | -32005 | 100",
        "try with this block range [0x64, 0xC8] | 0 | 100",
        "Try with this block range [0x1, 0xffffffffffffffff]. | -32005 | 49999",
        "this block range should work: [0x0, 0x10000000000000000] | 0 | 49999",
        "exceed maximum block range: 99999999999999999k | 0 | 49999",
        "block range is too wide | -32600 | 3000",
        "this block range should work: [0x64, 0x95] | 0 | 49",
        "this block range should work: [0x95, 0x64] | 0 | 49",
        "eth_getLogs is limited to a 5,000 range | 0 | 5000",
        "eth_getLogs is limited to a 10.000 range | 0 | 10000",
        "eth_getLogs is limited to 1024 block range | 0 | 1024",
        "block range exceeds the range allowed for your plan (100000 > 3000) | 0 | 3000",
        "Block range limit exceeded. | 0 | 10000",
        "please limit the query to at most 1000 blocks | 0 | 999",
        "exceed maximum block range: 50000 | 0 | 50000",
        "query exceeds max block range 1000 | 0 | 1000",
        "block range greater than 500 max | 0 | 500",
        "block range exceeds 1000 | 0 | 1000",
        "eth_getLogs range is too large, max is 10k blocks | 0 | 10000",
        "eth_getLogs range is too large, max is 1k blocks | 0 | 1000",
        "query must be smaller than size 1024 | 0 | 1024",
        "block range is too wide (maximum 1024) | 0 | 1024",
        "requests with up to a 2000 block range | 0 | 2000",
        "maximum [from, to] blocks distance: 2000 | 0 | 2000",
        "exceed max block range: 5000 | 0 | 4999",
        "allowed block range threshold exceeded | 0 | 49999",
        "exceeded max allowed | 0 | 49999",
        "range threshold exceeded | 0 | 49999",
        "no backend is currently healthy to serve traffic | 0 | 49999",
        "block range too large | 0 | 49999",
        "Block range is too large | 0 | 49999",
        "backend response too large | 0 | 49999",
        "query exceeds max results 20000 | 0 | 49999",
        "logs matched by query exceeds limit of 10000 | 0 | 49999",
        "query returned more than 10000 results | -32005 | 49999",
        "response size should not greater than 10000000 bytes | 0 | 49999",
        "ranges over 10000 blocks are not supported on freetier | 0 | 49999",
        "response is too big | 0 | 49999",
        "error decoding response body | 0 | 49999",
        "retry with the range 100-299 | 0 | 199",
        "query returned more than the allowed number of logs | 0 | 49999",
        "query timeout exceeded | 0 | 49999",
        "response size exceeded the limit | 0 | 49999",
        "exceed maximum block range | 0 | 49999",
      })
  void judge_knowsTheNextRange(String text, long code, long step) {
    Classification verdict = TABLE.judge(RpcCallException.error(code, text), FROM, TO);

    assertThat(verdict.action()).isEqualTo(Action.SHRINK);
    assertThat(verdict.step()).isEqualTo(step);
  }

  @ParameterizedTest
  @Tag("F10")
  @DisplayName("F10 what no range heals is not made smaller")
  @CsvSource(
      delimiter = '|',
      value = {
        "requested from block 1 to 9 after last accepted block 5 | 0 | NOT_YET_AVAILABLE",
        "block range extends beyond current head block | 0 | NOT_YET_AVAILABLE",
        "invalid block height: 9 | 0 | NOT_YET_AVAILABLE",
        "cannot query unfinalized data | 0 | NOT_YET_AVAILABLE",
        "error sending request for url | 0 | RETRY",
        "missing trie node 5f3c | -32000 | PRUNED",
        "logs before block 15537393 are pruned | -32000 | PRUNED",
        "history is not available for the requested block | -32000 | PRUNED",
        "this request needs an archive node | -32000 | PRUNED",
        "unknown block | -32000 | UNKNOWN_BLOCK",
        "the method eth_getLogs does not exist/is not available | -32601 | NO_METHOD",
        "rate limit reached | -32000 | RATE_LIMITED",
        "slow down | -32005 | RATE_LIMITED",
        "the node feels unwell | -32000 | UNKNOWN",
      })
  void judge_knowsWhatIsNoMatterOfRange(String text, long code, Action action) {
    assertThat(TABLE.judge(RpcCallException.error(code, text), FROM, TO).action())
        .isEqualTo(action);
  }

  static Stream<Row> rows() {
    return TABLE.rows().stream();
  }

  @ParameterizedTest
  @MethodSource("rows")
  @Tag("F10")
  @DisplayName("F10 the ranges of every row cover the input, disjoint and in order, and change it")
  void ranges_coverTheInput(Row row) {
    long code = row.code().isEmpty() ? 0 : Long.parseLong(row.code());
    for (long to : new long[] {FROM + 1, FROM + 7, FROM + 5_000, TO}) {
      RpcCallException trouble = RpcCallException.error(code, row.example());
      assertThat(TABLE.rows().stream().filter(one -> one.pattern().matcher(row.example()).find()))
          .as("the row that its own example meets first")
          .first()
          .isEqualTo(row);
      Classification verdict = TABLE.judge(trouble, FROM, to);
      if (verdict.action() == Action.SHRINK) {
        List<Range> ranges = NodeErrorTable.ranges(FROM, to, verdict.step());
        long next = FROM;
        for (Range range : ranges) {
          assertThat(range.from()).isEqualTo(next);
          assertThat(range.to()).isBetween(range.from(), to);
          next = range.to() + 1;
        }
        assertThat(next).isEqualTo(to + 1);
        assertThat(ranges).hasSizeGreaterThan(1);
      }
    }
  }

  @Test
  void judge_takesTheSmallStepOfChainstackForASmallRange() {
    Classification verdict =
        TABLE.judge(RpcCallException.error(0, "Block range limit exceeded."), FROM, FROM + 5_000);

    assertThat(verdict.step()).isEqualTo(100);
  }

  @Test
  void of_putsRowsOfTheUserFirst(@TempDir Path directory) throws Exception {
    Files.writeString(
        directory.resolve(NodeErrorTable.USER_FILE), "mine\tstep N\t\tno more than (N) at once\n");

    Classification verdict =
        NodeErrorTable.of(Optional.of(directory))
            .judge(RpcCallException.error(0, "no more than 77 at once"), FROM, TO);

    assertThat(verdict).isEqualTo(new Classification(Action.SHRINK, 77, true));
  }
}
