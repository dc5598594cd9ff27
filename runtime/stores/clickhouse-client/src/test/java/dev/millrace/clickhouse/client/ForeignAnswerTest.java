package dev.millrace.clickhouse.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Calls to a server that answers, and is no ClickHouse or a very slow one. */
@Timeout(120)
final class ForeignAnswerTest {
  private static final byte[] PAGE =
      "<html>We are back soon.</html>".getBytes(StandardCharsets.US_ASCII);

  @Test
  @Tag("K23")
  @DisplayName("K23 a page with status 200 is no success of an insert, a statement or a query")
  void page_isNoAnswer() throws IOException {
    RowBinaryBuffer rows = new RowBinaryBuffer();
    rows.putLong(1);
    List<Consumer<ClickHouseDatabase>> calls =
        List.of(
            server -> server.insert("insert", "t", List.of("a"), rows, Map.of()),
            server -> server.execute("create", "CREATE TABLE t (a Int64) ORDER BY a"),
            server -> server.query("query", "SELECT 1", RowBinaryInput::readFlag));
    for (Consumer<ClickHouseDatabase> call : calls) {
      MillraceException refused = failure(ForeignAnswerTest::page, call);
      assertThat(refused.remedy()).isEqualTo(Remedy.RETRY);
      assertThat(refused).hasMessageContaining("answer is none of ClickHouse");
    }
  }

  @Test
  @Tag("K24")
  @DisplayName("K24 rows that drip are an answer that does not come")
  void drip_ends() throws IOException {
    MillraceException refused =
        failure(
            ForeignAnswerTest::drip,
            server ->
                server.query(
                    "query",
                    "SELECT 1",
                    rows -> {
                      while (rows.hasNext()) {
                        rows.readByte();
                      }
                      return true;
                    }));
    assertThat(refused.remedy()).isEqualTo(Remedy.RETRY);
    assertThat(refused).hasMessageContaining("answer drips");
  }

  /** Long beside the pauses of a busy machine between two bytes. */
  private static final Duration TIMEOUT = Duration.ofSeconds(4);

  private interface Answer {
    void to(HttpExchange exchange) throws IOException;
  }

  private static void page(HttpExchange exchange) throws IOException {
    exchange.getRequestBody().readAllBytes();
    exchange.sendResponseHeaders(200, PAGE.length);
    exchange.getResponseBody().write(PAGE);
    exchange.close();
  }

  /** Begins as ClickHouse would, and then sends a byte much more often than the timeout. */
  private static void drip(HttpExchange exchange) throws IOException {
    exchange.getRequestBody().readAllBytes();
    Matcher id = Pattern.compile("query_id=([^&]+)").matcher(exchange.getRequestURI().getQuery());
    assertThat(id.find()).isTrue();
    exchange.getResponseHeaders().set("X-ClickHouse-Query-Id", id.group(1));
    exchange.sendResponseHeaders(200, 0);
    CountDownLatch never = new CountDownLatch(1);
    try (OutputStream out = exchange.getResponseBody()) {
      for (int i = 0; i < 200 && !never.await(250, TimeUnit.MILLISECONDS); i++) {
        out.write(1);
        out.flush();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private static MillraceException failure(Answer answer, Consumer<ClickHouseDatabase> call)
      throws IOException {
    HttpServer http =
        HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 0);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        ClickHouseDatabase server =
            new ClickHouseDatabase(
                MirrorSettings.of("http://127.0.0.1:" + http.getAddress().getPort(), "u", "p", "d")
                    .withTimeout(TIMEOUT))) {
      http.setExecutor(threads);
      http.createContext("/", exchange -> answer.to(exchange));
      http.start();
      try {
        return catchThrowableOfType(MillraceException.class, () -> call.accept(server));
      } finally {
        http.stop(0);
      }
    }
  }
}
