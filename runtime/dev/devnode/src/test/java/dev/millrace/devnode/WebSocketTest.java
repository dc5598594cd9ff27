package dev.millrace.devnode;

import static dev.millrace.devnode.NodeClient.read;
import static dev.millrace.devnode.NodeClient.request;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainSettings;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class WebSocketTest {
  private final DevChain chain =
      new DevChain(
          DevChainSettings.DEFAULTS.withBlocks(100).withAccounts(100).withLogs(2).withNames(1));
  private final DevNode node = DevNode.open(chain);
  private final HttpClient http = HttpClient.newHttpClient();
  private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> pongs = new LinkedBlockingQueue<>();
  private WebSocket socket;

  @BeforeEach
  void connect() {
    socket =
        http.newWebSocketBuilder().buildAsync(URI.create(node.webSocketUrl()), listener()).join();
  }

  @AfterEach
  void close() {
    socket.abort();
    http.shutdownNow();
    node.close();
  }

  private WebSocket.Listener listener() {
    StringBuilder text = new StringBuilder();
    return new WebSocket.Listener() {
      @Override
      public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
        text.append(part);
        if (last) {
          heard.add(text.toString());
          text.setLength(0);
        }
        from.request(1);
        return null;
      }

      @Override
      public @Nullable CompletionStage<?> onPong(WebSocket from, ByteBuffer message) {
        pongs.add("pong");
        from.request(1);
        return null;
      }
    };
  }

  private Map<?, ?> next() throws InterruptedException {
    return (Map<?, ?>) read(requireNonNull(heard.poll(20, TimeUnit.SECONDS), "nothing came"));
  }

  private Map<?, ?> notice() throws InterruptedException {
    Map<?, ?> params = (Map<?, ?>) requireNonNull(next().get("params"));
    return (Map<?, ?>) requireNonNull(params.get("result"));
  }

  @Test
  void requests_areAnsweredAndPingsReturned() throws Exception {
    socket.sendText(request(4, "eth_blockNumber", "[]"), true).join();
    assertThat(next()).isEqualTo(Map.of("jsonrpc", "2.0", "id", 4L, "result", "0x63"));
    socket.sendText("[" + request(5, "eth_getLogs", "[{\"fromBlock\":\"0x0\"}]"), false).join();
    socket.sendText("]", true).join();
    assertThat(heard.poll(20, TimeUnit.SECONDS)).hasSizeGreaterThan(1 << 16);
    socket.sendPing(ByteBuffer.wrap(new byte[] {1})).join();
    assertThat(pongs.poll(20, TimeUnit.SECONDS)).isEqualTo("pong");
  }

  @Test
  void heads_areReportedOneByOneAndAgainAfterAFork() throws Exception {
    socket.sendText(request(1, "eth_subscribe", "[\"newHeads\"]"), true).join();
    assertThat(next().get("result")).isEqualTo("0x1");

    chain.advance(2);
    assertThat(List.of(hash(), hash())).isEqualTo(List.of(block(100), block(101)));
    chain.fork(3, 4);
    assertThat(List.of(hash(), hash(), hash(), hash()))
        .isEqualTo(List.of(block(99), block(100), block(101), block(102)));

    socket.sendText(request(2, "eth_unsubscribe", "[\"0x1\"]"), true).join();
    assertThat(next().get("result")).isEqualTo(true);
  }

  private String hash() throws InterruptedException {
    return String.valueOf(notice().get("hash"));
  }

  private String block(long number) {
    return chain.block(number).hash().toString();
  }

  @Test
  void logs_areTakenBackBeforeTheOthersCome() throws Exception {
    String filter = "[\"logs\",{\"address\":\"" + DevChain.REGISTRY + "\"}]";
    socket.sendText(request(1, "eth_subscribe", filter), true).join();
    assertThat(next().get("result")).isEqualTo("0x1");

    chain.fork(6, 6);
    List<Boolean> removed = new ArrayList<>();
    for (int each = 0; each < 6; each++) {
      removed.add((Boolean) requireNonNull(notice().get("removed")));
    }
    assertThat(removed).containsOnly(true);
    assertThat(notice()).extracting("removed").isEqualTo(false);
  }
}
