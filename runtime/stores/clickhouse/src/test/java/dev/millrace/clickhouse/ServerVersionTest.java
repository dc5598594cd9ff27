package dev.millrace.clickhouse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.millrace.clickhouse.client.ClickHouseVersion;
import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.Storage;
import dev.millrace.pipeline.Failpoint;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

final class ServerVersionTest {
  @Test
  void releases_areOrderedByYearAndNumber() {
    assertThat(
            Stream.of("26.5.1.1", "24.8", "24.12.1-lts", "9.10.1", "24.8.14.10459.altinitystable")
                .map(text -> ClickHouseVersion.of(text).orElseThrow())
                .sorted()
                .map(ClickHouseVersion::toString))
        .containsExactly("9.10", "24.8", "24.8", "24.12", "26.5");
    assertThat(Stream.of("", "head", "24", "24.x", "1234567.1").map(ClickHouseVersion::of))
        .allMatch(found -> found.isEmpty());
  }

  @Test
  void olderReleases_areRefused() {
    for (String enough : List.of("24.8.1.1", "24.10.2", "25.1", "nobody knows")) {
      ClickHouseVersion.check(enough);
    }
    for (String old : List.of("24.7.9.1", "23.12.1", "1.1.54388")) {
      assertThatThrownBy(() -> ClickHouseVersion.check(old))
          .hasMessage("ClickHouse is too old for a mirror: found=%s needed=24.8".formatted(old));
    }
  }

  /** Uses a server that can report its version and nothing else. */
  @Test
  @Timeout(60)
  void mirrors_areNotMadeOnAServerThatIsTooOld() throws Exception {
    ConcurrentLinkedQueue<String> asked = new ConcurrentLinkedQueue<>();
    HttpServer old =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    old.createContext(
        "/",
        exchange -> {
          String sql = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
          asked.add(sql);
          byte[] version = "23.8.2.7".getBytes(StandardCharsets.UTF_8);
          ByteArrayOutputStream row = new ByteArrayOutputStream();
          row.write(version.length);
          row.writeBytes(version);
          exchange.getResponseHeaders().add("X-ClickHouse-Format", "RowBinary");
          String query = exchange.getRequestURI().getQuery();
          exchange
              .getResponseHeaders()
              .add("X-ClickHouse-Query-Id", query.replaceFirst("(?:.*&)?query_id=([^&]+).*", "$1"));
          exchange.sendResponseHeaders(200, row.size());
          exchange.getResponseBody().write(row.toByteArray());
          exchange.close();
        });
    old.start();
    try {
      MirrorSettings settings =
          MirrorSettings.of(
              "http://127.0.0.1:" + old.getAddress().getPort(), "default", "", "default");
      assertThatThrownBy(() ->
              ClickHouseMirror.open(
                  settings,
                  new ClickHouseFixture.TestIndexer(
                      "lab", List.of(ClickHouseFixture.TOKEN), Storage.BOTH),
                  Failpoint.NONE))
          .isInstanceOfSatisfying(
              MillraceException.class,
              refused -> assertThat(refused.remedy()).isEqualTo(Remedy.FIX_SETUP))
          .hasMessage("ClickHouse is too old for a mirror: found=23.8.2.7 needed=24.8");
      assertThat(asked).containsExactly("SELECT 1", "SELECT version()");
    } finally {
      old.stop(0);
    }
  }
}
