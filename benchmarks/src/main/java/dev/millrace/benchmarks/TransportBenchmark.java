package dev.millrace.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.devchain.DevChainSettings;
import dev.millrace.jsonrpc.ByteExchange;
import dev.millrace.jsonrpc.EndpointUrl;
import dev.millrace.jsonrpc.JsonRpcCall;
import dev.millrace.jsonrpc.JsonRpcTransport;
import dev.millrace.jsonrpc.RpcCallException;
import dev.millrace.jsonrpc.TransportSettings;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Our JSON-RPC transports beside the JDK's HTTP client and its WebSocket: the same node, the same
 * requests and the same reader of the replies. They take turns within every repetition.
 */
final class TransportBenchmark implements AutoCloseable {
  private static final int CALLERS = 8;
  private static final int BLOCKS_PER_CALL = 100;
  private static final long REPLY_LIMIT = 1L << 30;
  private static final TransportSettings SETTINGS =
      new TransportSettings(Duration.ofSeconds(30), REPLY_LIMIT);

  private final NodeProcess node;
  private final long blocks;
  private final AtomicLong ids = new AtomicLong();
  private final HttpClient client = HttpClient.newHttpClient();

  /** The result of one round: calls per second, and our CPU time per call in microseconds. */
  private record Round(double rate, double micros) {}

  /** One kind of request, and the number of concurrent callers. */
  private record Load(String name, int callers, int calls, boolean isLarge) {}

  private TransportBenchmark(NodeProcess node, long blocks) {
    this.node = node;
    this.blocks = blocks;
  }

  static List<BenchmarkMeasure> measure(BenchmarkSizes sizes, Consumer<String> progress)
      throws IOException, InterruptedException {
    int events = sizes.rpcEvents().getFirst();
    long blocks = Math.max(BLOCKS_PER_CALL, events / DevChainSettings.DEFAULTS.logs());
    int large = (int) Math.max(CALLERS, 2 * blocks / BLOCKS_PER_CALL);
    int small = 20 * large;
    List<BenchmarkMeasure> measures = new ArrayList<>();
    try (NodeProcess node = NodeProcess.start(blocks, List.of());
        TransportBenchmark bench = new TransportBenchmark(node, blocks)) {
      for (Load load :
          List.of(
              new Load("logs, %d callers".formatted(CALLERS), CALLERS, large, true),
              new Load("logs, 1 caller", 1, large, true),
              new Load("block number, %d callers".formatted(CALLERS), CALLERS, small, false),
              new Load("block number, 1 caller", 1, small, false))) {
        bench.measure("http", load, sizes.repeats(), measures, progress);
      }
      bench.measure(
          "websocket",
          new Load("logs, 1 caller", 1, large, true),
          sizes.repeats(),
          measures,
          progress);
      bench.measure(
          "websocket",
          new Load("block number, 1 caller", 1, small, false),
          sizes.repeats(),
          measures,
          progress);
    }
    return measures;
  }

  private void measure(
      String protocol,
      Load load,
      int repeats,
      List<BenchmarkMeasure> measures,
      Consumer<String> progress)
      throws InterruptedException {
    Map<String, List<Round>> rounds = new LinkedHashMap<>();
    for (int i = 0; i <= repeats; i++) {
      for (String whose : List.of("ours", "jdk")) {
        try (JsonRpcTransport transport = transport(protocol, whose.equals("ours"))) {
          Round round = round(transport, load);
          if (i > 0) { // the first is a warm-up
            rounds.computeIfAbsent(whose, _ -> new ArrayList<>()).add(round);
          }
        }
      }
    }
    String name = "%s %s".formatted(protocol, load.name());
    rounds.forEach((whose, all) -> {
      progress.accept("%s, %s: %,.0f calls/s".formatted(name, whose, median(all, Round::rate)));
      measures.add(BenchmarkMeasure.of(name + " " + whose, "calls/s", median(all, Round::rate)));
      measures.add(
          BenchmarkMeasure.of(name + " " + whose + ", cpu", "us/call", median(all, Round::micros)));
    });
  }

  private static double median(List<Round> rounds, ToDoubleFunction<Round> value) {
    return BenchmarkMeasure.median(rounds.stream().map(value::applyAsDouble).toList());
  }

  private JsonRpcTransport transport(String protocol, boolean isOurs) {
    String url = protocol.equals("http") ? node.url() : node.url().replace("http:", "ws:");
    if (isOurs) {
      return JsonRpcTransport.to(EndpointUrl.of(url), SETTINGS);
    }
    ByteExchange exchange =
        protocol.equals("http")
            ? request -> overHttp(URI.create(url), request)
            : new JdkSocket(client, URI.create(url));
    return JsonRpcTransport.over(exchange, SETTINGS);
  }

  private InputStream overHttp(URI url, byte[] request) throws IOException, InterruptedException {
    return client
        .send(
            HttpRequest.newBuilder(url)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(request))
                .build(),
            HttpResponse.BodyHandlers.ofInputStream())
        .body();
  }

  private Round round(JsonRpcTransport transport, Load load) throws InterruptedException {
    AtomicLong left = new AtomicLong(load.calls());
    long cpu = ProcessHandle.current().info().totalCpuDuration().orElseThrow().toNanos();
    long begun = System.nanoTime();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> callers = new ArrayList<>();
      for (int i = 0; i < load.callers(); i++) {
        callers.add(
            threads.submit(() -> {
              for (long at = left.decrementAndGet(); at >= 0; at = left.decrementAndGet()) {
                call(transport, load, at);
              }
              return true;
            }));
      }
      for (Future<?> caller : callers) {
        caller.get();
      }
    } catch (ExecutionException failed) {
      throw new IllegalStateException("call failed: load=" + load.name(), failed.getCause());
    }
    double nanos = System.nanoTime() - begun;
    double used = ProcessHandle.current().info().totalCpuDuration().orElseThrow().toNanos() - cpu;
    return new Round(1e9 * load.calls() / nanos, used / 1e3 / load.calls());
  }

  private void call(JsonRpcTransport transport, Load load, long at)
      throws RpcCallException, InterruptedException {
    long first = at * BLOCKS_PER_CALL % (blocks - BLOCKS_PER_CALL + 1);
    JsonRpcCall call =
        load.isLarge()
            ? new JsonRpcCall(
                ids.incrementAndGet(),
                "eth_getLogs",
                "[{\"fromBlock\":\"0x%x\",\"toBlock\":\"0x%x\"}]"
                    .formatted(first, first + BLOCKS_PER_CALL - 1))
            : new JsonRpcCall(ids.incrementAndGet(), "eth_blockNumber", "[]");
    transport.call(
        call,
        in -> {
          in.skip();
          return true;
        });
  }

  @Override
  public void close() {
    client.shutdownNow(); // close() waits for WebSockets, which stay open
  }

  /** One connection of the JDK's WebSocket, for one call at a time. */
  private static final class JdkSocket implements ByteExchange, WebSocket.Listener {
    private final WebSocket socket;
    private final StringBuilder text = new StringBuilder();
    private final BlockingQueue<String> replies = new LinkedBlockingQueue<>();

    JdkSocket(HttpClient client, URI url) {
      socket = client.newWebSocketBuilder().buildAsync(url, this).join();
    }

    @Override
    public InputStream reply(byte[] request) throws InterruptedException {
      socket.sendText(new String(request, UTF_8), true).join();
      return new ByteArrayInputStream(replies.take().getBytes(UTF_8));
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence part, boolean isLast) {
      text.append(part);
      if (isLast) {
        replies.add(text.toString());
        text.setLength(0);
      }
      from.request(1);
      return null;
    }
  }
}
