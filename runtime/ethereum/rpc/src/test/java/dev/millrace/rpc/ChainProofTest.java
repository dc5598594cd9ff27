package dev.millrace.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.jsonrpc.JsonRpcTransport;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An address that leads to a node of another chain from some moment on. */
@Timeout(120)
final class ChainProofTest {
  private static final FakeChain OURS = new FakeChain(5, 1000);
  private static final FakeChain OTHER = new FakeChain(7, 5000);

  private final HurriedRuntime runtime = new HurriedRuntime();
  private final AtomicInteger strange = new AtomicInteger();
  private FakeNode honest;
  private FakeNode changing;

  @BeforeEach
  void open() throws IOException {
    honest = new FakeNode(body -> OURS.answer(body).after(20));
    changing =
        new FakeNode(body ->
            strange.get() > 0
                ? FakeNode.Answer.of(
                    OTHER.answer(body).body().replace("\"hash\":\"0x0", "\"hash\":\"0x9"))
                : OURS.answer(body));
  }

  @AfterEach
  void close() throws IOException {
    honest.close();
    changing.close();
  }

  private ChainNode node(FakeNode... nodes) {
    List<String> urls = List.of(nodes).stream().map(FakeNode::url).toList();
    return ChainNodeFactory.open(urls, 5, RpcSettings.defaults(), JsonRpcTransport::to, runtime);
  }

  private static void assertOurs(ChainNode node) throws InterruptedException {
    for (int i = 0; i < 10; i++) {
      Bytes32 hash = node.block(7).orElseThrow().header().hash();
      assertThat(hash).isEqualTo(FakeChain.hash(7));
    }
  }

  private void assertNamed(ChainNode node) {
    NodeStatus.Endpoint status = node.status().endpoints().getFirst();
    assertThat(status.reason()).isEqualTo("serves another chain: chain=7 asked=5");
    assertThat(status.state()).isEqualTo(NodeStatus.State.FAILING);
  }

  @Test
  @Tag("F60")
  @DisplayName("F60 an endpoint comes back as another chain: refused by name, the others go on")
  void restartAsAnotherChain_isRefused() throws Exception {
    try (ChainNode node = node(changing, honest)) {
      assertOurs(node);
      runtime.pass(Duration.ofSeconds(2));
      strange.set(1);
      changing.drop();

      assertOurs(node);
      assertNamed(node);
    }
  }

  @Test
  @Tag("F60")
  @DisplayName("F60 the same while connections are kept: noticed within a minute")
  void otherBackend_isRefusedOnceItsProofIsOld() throws Exception {
    try (ChainNode node = node(changing, honest)) {
      assertOurs(node);
      runtime.pass(Duration.ofSeconds(61));
      strange.set(1);

      assertOurs(node);
      assertNamed(node);
    }
  }

  @Test
  @Tag("F61")
  @DisplayName("F61 blocks do not fit: each endpoint names its chain before it is believed again")
  void doubt_letsEndpointsNameTheirChain() throws Exception {
    try (ChainNode node = node(changing, honest)) {
      assertOurs(node);
      strange.set(1);
      node.reprove();

      assertOurs(node);
      assertNamed(node);
    }
  }

  @Test
  @Tag("F60")
  @DisplayName(
      "F60 more connections beside those that stay open are no reason to ask for the chain")
  void moreConnections_endNoProof() throws Exception {
    HurriedRuntime clock = HurriedRuntime.withRealPauses();
    try (FakeNode slow = new FakeNode(body -> OURS.answer(body).after(20));
        ChainNode node =
            ChainNodeFactory.open(
                List.of(slow.url()), 5, RpcSettings.defaults(), JsonRpcTransport::to, clock)) {
      assertOurs(node);
      clock.pass(Duration.ofSeconds(2)); // a proof is not repeated within a second
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int i = 0; i < 40; i++) {
          Future<?> _ = threads.submit(() -> node.block(7));
        }
      }
      assertOurs(node);

      assertThat(slow.asked("eth_chainId")).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @Tag("F61")
  @DisplayName("F61 blocks that follow nothing of ours come with the chain that the endpoint names")
  void provenBlocks_comeWithTheirChain(boolean takesBatches) throws Exception {
    AtomicInteger requests = new AtomicInteger();
    try (FakeNode first =
            new FakeNode(body -> {
              requests.incrementAndGet();
              return body.startsWith("[") && !takesBatches
                  ? FakeNode.Answer.status(400, "", "batches are not supported")
                  : (strange.get() > 0 ? OTHER : OURS).answer(body);
            });
        ChainNode node = node(first, honest)) {
      assertOurs(node);
      assertThat(node.provenBlocks(List.of(7L, 9L))).containsOnlyKeys(7L, 9L);
      requests.set(0);
      assertThat(node.provenBlocks(List.of(7L))).containsOnlyKeys(7L);
      assertThat(requests.get())
          .as("none if the other endpoint was asked")
          .isIn(0, takesBatches ? 1 : 2);
      assertThat(node.provenBlocks(List.of(7L, 3_000L))).containsOnlyKeys(7L);
      strange.set(1);

      assertThat(node.provenBlocks(List.of(7L, 3_000L))).containsOnlyKeys(7L);
      assertNamed(node);
    }
  }

  @Test
  @Tag("F62")
  @DisplayName("F62 the only endpoint serves another chain for a while: waited for, and named")
  void onlyEndpoint_isWaitedFor() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    try (FakeNode back =
            new FakeNode(body -> {
              boolean isChain = body.contains("eth_chainId");
              boolean isStrange = strange.get() > 0 && isChain && asked.incrementAndGet() < 6;
              return (isStrange ? OTHER : OURS).answer(body);
            });
        ChainNode node = node(back)) {
      assertOurs(node);
      strange.set(1);
      node.reprove();

      assertOurs(node);
      assertThat(asked).hasValue(6);
      assertThat(node.status().endpoints().getFirst().state()).isEqualTo(NodeStatus.State.GOOD);
    }
  }

  @Test
  @Tag("F62")
  @DisplayName("F62 the only endpoint stays with another chain: the lane ends and names it")
  void onlyEndpoint_endsTheLaneAfterAWhile() throws Exception {
    try (ChainNode node = node(changing)) {
      assertOurs(node);
      strange.set(1);
      node.reprove();
      long before = runtime.nanos();

      assertThatThrownBy(() -> node.block(7))
          .isInstanceOfSatisfying(
              MillraceException.class,
              ended -> assertThat(ended.remedy()).isEqualTo(Remedy.FIX_SETUP))
          .hasMessageContaining("serves another chain: chain=7 asked=5");
      assertThat(runtime.nanos() - before).isGreaterThan(TimeUnit.SECONDS.toNanos(10));
    }
  }
}
