package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.millrace.app.Samples.Captured;
import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.devnode.DevNode;
import dev.millrace.runner.ExitCode;
import dev.millrace.source.RangeLogAudit;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Progress and waits of an audit, as people see them. */
@Timeout(60)
final class AuditProgressTest {
  private static final RangeLogAudit.Proof CHECKED =
      new RangeLogAudit.Proof(1_199, 200, 0, 0, 0, 0, 0, true, List.of());

  private final AtomicLong nanos = new AtomicLong();
  private final AtomicReference<String> waitingFor = new AtomicReference<>("");
  @TempDir private Path directory;

  @Test
  @Tag("F105")
  @DisplayName("F105 without a terminal a line says what is waited for, and again after a while")
  void look_printsTheReasonOfAWait() {
    Captured captured = Samples.shell(directory, Map.of());
    try (AuditProgress progress = progress(captured)) {
      progress.advance(CHECKED, 5_000);
      after(progress, 10);
      assertThat(captured.err()).isEmpty();

      progress.advance(CHECKED, 5_000);
      waitingFor.set("block is not there yet: block=1200");
      after(progress, 2);
      assertThat(captured.err()).isEmpty();

      String line =
          "audit  block 1,199 of 5,000  0 findings"
              + "  waiting for block is not there yet: block=1200\n";
      after(progress, 2);
      after(progress, 20);
      assertThat(captured.err()).isEqualTo(line);

      after(progress, 20);
      assertThat(captured.err()).isEqualTo(line.repeat(2));
    }
  }

  @Test
  @Tag("F105")
  @DisplayName("F105 on a terminal the live line says what is waited for, until it goes on")
  void look_showsTheReasonOnTheLiveLine() {
    Captured captured = Samples.shell(directory, Map.of("TERM", "xterm"), OptionalInt.of(60));
    try (AuditProgress progress = progress(captured)) {
      progress.advance(CHECKED, 5_000);
      waitingFor.set("block is not there yet: block=1200");
      after(progress, 4);
      progress.advance(CHECKED, 5_000);
    }
    assertThat(captured.err().replace("\033[K", "^").split("\r"))
        .containsExactly(
            "",
            "audit  block 1,199 of 5,000  0 findings^",
            "audit  block 1,199 of 5,000  0 findings  waiting for block…^",
            "audit  block 1,199 of 5,000  0 findings^",
            "^");
  }

  @ParameterizedTest
  @CsvSource({
    "'[\"0x32\"', waiting for http://",
    "'', waiting for an endpoint of chain 1337 to answer: http://"
  })
  @Tag("F105")
  @Tag("F115")
  @DisplayName("F105 an audit whose endpoint gives no headers, or no answer, says so, and goes on")
  void audit_saysThatItWaits(String refused, String words) throws Exception {
    CountDownLatch said = new CountDownLatch(1);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err =
        new ByteArrayOutputStream() {
          @Override
          public synchronized void write(byte[] bytes, int from, int length) {
            super.write(bytes, from, length);
            if (toString(StandardCharsets.UTF_8).contains(words)) {
              said.countDown();
            }
          }
        };
    CliEnvironment shell =
        new CliEnvironment(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            Map.of(),
            directory,
            OptionalInt::empty);
    HttpServer proxy =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    try (DevNode node = DevNode.open(new DevChain(DevChainSettings.DEFAULTS.withBlocks(100)));
        HttpClient client = HttpClient.newHttpClient()) {
      proxy.createContext("/", exchange -> pass(exchange, client, node, refused, said));
      proxy.start();
      Files.writeString(directory.resolve("f.yaml"), config(proxy));

      int code =
          new CommandLineRunner(shell, List.of(new CountingCommands()))
              .execute("audit", "--config", "f.yaml", "--from", "1", "--to", "60");

      assertThat(code).as(err.toString(StandardCharsets.UTF_8)).isEqualTo(ExitCode.DONE);
      assertThat(err.toString(StandardCharsets.UTF_8))
          .contains("audit  " + words + "127.0.0.1:" + proxy.getAddress().getPort());
    } finally {
      proxy.stop(0);
    }
  }

  /** Passes a request to a node, except those with a text until the wait is seen. */
  private static void pass(
      HttpExchange exchange, HttpClient client, DevNode node, String refused, CountDownLatch said)
      throws IOException {
    byte[] asked = exchange.getRequestBody().readAllBytes();
    byte[] reply = new byte[0];
    boolean isRefused =
        said.getCount() > 0 && new String(asked, StandardCharsets.UTF_8).contains(refused);
    try (exchange) {
      if (!isRefused) {
        HttpRequest request =
            HttpRequest.newBuilder(URI.create(node.url()))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(asked))
                .build();
        reply = client.send(request, HttpResponse.BodyHandlers.ofByteArray()).body();
      }
      exchange.sendResponseHeaders(isRefused ? 503 : 200, Math.max(1, reply.length));
      exchange.getResponseBody().write(isRefused ? new byte[] {' '} : reply);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private static String config(HttpServer proxy) {
    return """
    name: counting
    chains:
      - id: 1337
        rpc: "http://127.0.0.1:%d"
        contracts: [ { name: Token, address: "%s" } ]
    """
        .formatted(proxy.getAddress().getPort(), DevChain.TOKEN);
  }

  private AuditProgress progress(Captured captured) {
    return new AuditProgress(captured.shell(), waitingFor::get, nanos::get);
  }

  private void after(AuditProgress progress, int seconds) {
    nanos.addAndGet(Duration.ofSeconds(seconds).toNanos());
    progress.look();
  }

  private static final class CountingCommands implements CommandExtension {
    @Override
    public List<dev.millrace.pipeline.Indexer> indexers() {
      return List.of(CountingMain.indexer(Long.MAX_VALUE));
    }
  }
}
