package dev.millrace.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.jsonrpc.JsonRpcTransport;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node that gives the logs of 100 dense blocks at most, and says which range would work. */
@Timeout(60)
final class SuggestedRangeTest {
  private static final FakeChain CHAIN = new FakeChain(5, 10_000_000);
  private static final long FIRST_DENSE = 5_000;
  private static final int MAX_BLOCKS = 100;

  @TempDir Path directory;

  private final AtomicInteger asked = new AtomicInteger();
  private long lastDense = 5_999;

  @Test
  @Tag("F94")
  @DisplayName("F94 behind dense blocks ranges grow again, now and in the next process")
  void span_growsBehindDenseBlocks() throws Exception {
    try (ChainNode node = open()) {
      long next = read(node, 0, lastDense, Integer.MAX_VALUE);

      assertThat(read(node, next, 9_000_000, 200) - next).isGreaterThan(1_000_000);
    }
    try (ChainNode node = open()) {
      assertThat(read(node, 1_000_000, 9_000_000, 100)).isGreaterThan(9_000_000);
    }
  }

  @Test
  @Tag("F94")
  @DisplayName("F94 among dense blocks few requests are refused")
  void span_staysNearWhatFits() throws Exception {
    lastDense = FIRST_DENSE + 100 * MAX_BLOCKS - 1;
    try (ChainNode node = open()) {
      long _ = read(node, FIRST_DENSE, lastDense, Integer.MAX_VALUE);

      assertThat(asked.get()).isLessThan(130);
    }
  }

  private ChainNode open() {
    return ChainNodeFactory.open(
        List.of("http://node.example"),
        5,
        RpcSettings.defaults().withDirectory(Optional.of(directory)),
        (_, wire) ->
            JsonRpcTransport.over(
                request -> new ByteArrayInputStream(bytes(answer(text(request)))), wire),
        new SystemCallRuntime());
  }

  /** Reads on with so many requests at most and returns the next block. */
  private static long read(ChainNode node, long from, long to, int requests)
      throws InterruptedException {
    long next = from;
    for (int i = 0; i < requests && next <= to; i++) {
      next = node.logs(new LogQuery(ChainNodeTest.FILTER, next, to)).reached() + 1;
    }
    return next;
  }

  private String answer(String request) {
    String replies =
        FakeChain.calls(request).stream()
            .map(call -> call.method().equals("eth_getLogs") ? logs(call) : CHAIN.reply(call))
            .collect(Collectors.joining(","));
    return request.startsWith("[") ? "[" + replies + "]" : replies;
  }

  private String logs(FakeChain.Asked call) {
    asked.incrementAndGet();
    long from = call.bound("fromBlock");
    long first = Math.max(from, FIRST_DENSE);
    long dense = Math.min(call.bound("toBlock"), lastDense) - first + 1;
    return dense <= MAX_BLOCKS
        ? call.result("[]")
        : call.error(
            -32005,
            "query returned more than 10000 results. Try with this block range [0x%x, 0x%x]."
                .formatted(from, first + MAX_BLOCKS - 1));
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
