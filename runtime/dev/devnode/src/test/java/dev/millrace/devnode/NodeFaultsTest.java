package dev.millrace.devnode;

import static dev.millrace.devnode.NodeClient.range;
import static dev.millrace.devnode.NodeClient.read;
import static dev.millrace.devnode.NodeClient.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainSettings;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Each trouble once, over a real socket; afterwards the node answers well again. */
@Timeout(60)
final class NodeFaultsTest {
  private static final String HEAD = request(1, "eth_blockNumber", "[]");
  private static final String LOGS = "\"address\":\"" + DevChain.TOKEN + "\"," + range(1, 100);

  private final DevChain chain =
      new DevChain(DevChainSettings.DEFAULTS.withBlocks(200).withAccounts(100).withLogs(4));
  private final DevNode node = DevNode.open(chain);
  private final NodeFaults troubles = node.faults();
  private final NodeClient client = new NodeClient(node);

  @AfterEach
  void close() throws Exception {
    assertThat(client.result("eth_chainId", "[]")).isNotNull();
    client.close();
    node.close();
  }

  @Test
  void disconnect_breaksTheBodyHalfWay() {
    troubles.next(NodeFault.DISCONNECT);
    assertThatThrownBy(() -> client.logs(LOGS)).isInstanceOf(IOException.class);
  }

  @Test
  void truncation_isAWholeBodyWithHalfOfTheJson() throws Exception {
    troubles.next(NodeFault.TRUNCATED);
    HttpResponse<String> response = client.send(request(1, "eth_getLogs", "[{" + LOGS + "}]"));
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body()).startsWith("{\"jsonrpc\"").hasSizeGreaterThan(1_000);
    assertThatThrownBy(() -> read(response.body())).hasMessageContaining("no JSON");
  }

  @Test
  void html_andStatusesComeInsteadOfAnswers() throws Exception {
    troubles.next(NodeFault.HTML, NodeFault.TOO_MANY_REQUESTS, NodeFault.UNAVAILABLE);
    HttpResponse<String> page = client.send(HEAD);
    assertThat(page.statusCode()).isEqualTo(200);
    assertThat(page.body()).startsWith("<html>");
    assertThat(client.send(HEAD).statusCode()).isEqualTo(429);
    assertThat(client.send(HEAD).statusCode()).isEqualTo(503);
    assertThat(client.send(HEAD).statusCode()).isEqualTo(200);
  }

  @Test
  void errors_comeWithStatus200() throws Exception {
    troubles.next(NodeFault.LIMIT_EXCEEDED, NodeFault.INTERNAL_ERROR);
    assertThat(client.error("eth_blockNumber", "[]")).isEqualTo("-32005 limit exceeded");
    assertThat(client.error("eth_blockNumber", "[]")).startsWith("-32603");
  }

  @Test
  void batches_areAnsweredOutOfOrder() throws Exception {
    troubles.next(NodeFault.OUT_OF_ORDER);
    String batch = "[" + HEAD + "," + request(2, "eth_chainId", "[]") + "]";
    List<?> answers = (List<?>) read(client.send(batch).body());
    assertThat(answers).map(each -> ((Map<?, ?>) each).get("id")).isEqualTo(List.of(2L, 1L));
  }

  @Test
  void rate_isLimitedBothWays() throws Exception {
    troubles.rate(0, NodeFault.TOO_MANY_REQUESTS);
    assertThat(client.send(HEAD).statusCode()).isEqualTo(429);
    troubles.rate(0, NodeFault.LIMIT_EXCEEDED);
    assertThat(client.error("eth_blockNumber", "[]")).startsWith("-32005");
    troubles.rate(Long.MAX_VALUE, NodeFault.LIMIT_EXCEEDED);
  }

  @Test
  void ranges_areRefusedInTheWordsOfAProvider() throws Exception {
    troubles.range(10);
    assertThat(client.error("eth_getLogs", "[{" + LOGS + "}]")).isEqualTo("-32602 Max range: 10");
    troubles.range(
        10, new NodeFaults.Refusal(-32602, "this block range should work: [{from}, {to}]"));
    assertThat(client.error("eth_getLogs", "[{" + LOGS + "}]"))
        .isEqualTo("-32602 this block range should work: [0x1, 0xa]");
    assertThat(client.logs(range(1, 10))).isNotEmpty();
  }

  @Test
  void results_areLimited() throws Exception {
    troubles.results(100);
    assertThat(client.error("eth_getLogs", "[{" + LOGS + "}]"))
        .isEqualTo("-32005 query returned more than 100 results");
    assertThat(client.logs(range(1, 8))).isNotEmpty();
  }

  @Test
  void staleNode_knowsAnEarlierHeadUntilItHasCaughtUp() throws Exception {
    troubles.stale(7);
    assertThat(client.result("eth_blockNumber", "[]")).isEqualTo("0xc0");
    assertThat(client.isNull("eth_getBlockByNumber", "[\"0xc1\",false]")).isTrue();
    assertThat(client.logs(range(193, 199))).isEmpty();
    troubles.stale(0);
    assertThat(client.logs(range(193, 199))).isNotEmpty();
  }

  @Test
  void logs_areDroppedWithoutAWord() throws Exception {
    List<Map<String, Object>> all = client.logs(LOGS);
    troubles.dropLogs(block -> block == 17);
    assertThat(client.logs(LOGS))
        .isEqualTo(all.stream().filter(log -> !"0x11".equals(log.get("blockNumber"))).toList())
        .hasSizeLessThan(all.size());
    troubles.dropLogs(_ -> false).next(NodeFault.NO_LOGS, NodeFault.LOG_MISSING);
    assertThat(client.logs(LOGS)).isEmpty();
    assertThat(client.logs(LOGS)).isEqualTo(all.subList(0, all.size() - 1));
    assertThat(client.logs(LOGS)).isEqualTo(all);
  }

  @Test
  void node_maySpeakOfAnotherChainOrLessThanOthers() throws Exception {
    try (DevNode other = DevNode.open(chain, NodeFaults.none().chainId(5), 0);
        NodeClient stranger = new NodeClient(other)) {
      assertThat(stranger.result("eth_chainId", "[]")).isEqualTo("0x5");
      assertThat(stranger.result("net_version", "[]")).isEqualTo("5");
    }
    troubles.without("eth_getLogs").withoutTags(true);
    assertThat(client.error("eth_getLogs", "[{}]")).startsWith("-32601");
    assertThat(client.error("eth_getBlockByNumber", "[\"finalized\",false]"))
        .isEqualTo("-32602 invalid block tag: finalized");
    troubles.without().pruned(50).strictRanges(true);
    assertThat(client.error("eth_getLogs", "[{" + LOGS + "}]"))
        .isEqualTo("4444 pruned history unavailable");
    assertThat(client.error("eth_getLogs", "[{" + range(150, 250) + "}]"))
        .contains("beyond current head");
  }

  @Test
  void latency_delaysAnswersAndSilenceNeverEnds() throws Exception {
    troubles.latency(Duration.ofMillis(60));
    long begin = System.nanoTime();
    client.send(HEAD);
    assertThat(System.nanoTime() - begin).isGreaterThan(50_000_000);
    troubles.latency(Duration.ZERO).next(NodeFault.SILENCE);
    node.chain().advance(0);
    Thread breaker = Thread.ofVirtual().start(this::breakOnceAsked);
    assertThatThrownBy(() -> client.send(HEAD)).isInstanceOf(IOException.class);
    breaker.join();
  }

  private void breakOnceAsked() {
    while (troubles.isScripted()) {
      Thread.onSpinWait();
    }
    node.disconnectAll();
  }

  @Test
  void chance_bringsOneOfTheChosenNowAndThen() throws Exception {
    troubles.sometimes(0.3, NodeFault.HTML, NodeFault.INTERNAL_ERROR);
    int wrong = 0;
    for (int each = 0; each < 200; each++) {
      wrong += client.send(HEAD).body().contains("\"result\"") ? 0 : 1;
    }
    assertThat(wrong).isBetween(30, 90);
    troubles.sometimes(0);
  }
}
