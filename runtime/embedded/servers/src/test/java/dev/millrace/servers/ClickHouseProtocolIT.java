package dev.millrace.servers;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The embedded server answers as a ClickHouse server does. */
@Timeout(120)
@ExtendWith(TestEngines.WhereTheLibraryIs.class)
final class ClickHouseProtocolIT {
  @TempDir static Path root;
  private static EmbeddedClickHouse server;

  @BeforeAll
  static void start() throws IOException {
    server = EmbeddedClickHouse.start(root, TestEngines.small());
  }

  @AfterAll
  static void stop() {
    server.stop();
  }

  @Test
  void answer_hasTheHeadersOfAServer() {
    HttpResponse<String> response =
        TestEngines.send(
            server, "?query_id=q7&default_format=JSONEachRow", "SELECT number FROM numbers(3)");

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body()).isEqualTo("{\"number\":0}\n{\"number\":1}\n{\"number\":2}\n");
    assertThat(TestEngines.header(response, "X-ClickHouse-Query-Id")).isEqualTo("q7");
    assertThat(TestEngines.header(response, "X-ClickHouse-Format")).isEqualTo("JSONEachRow");
    assertThat(TestEngines.header(response, "X-ClickHouse-Timezone")).isEqualTo("UTC");
    assertThat(TestEngines.header(response, "X-ClickHouse-Summary"))
        .startsWith("{\"read_rows\":\"3\",\"read_bytes\":\"24\",\"written_rows\":\"0\"");
  }

  @Test
  void address_carriesQueryParametersSettingsAndDatabase() {
    assertThat(
            TestEngines.send(
                    server,
                    "?database=system&max_threads=1&param_a=4&param_b=x%5Cty&query="
                        + TestEngines.encode(
                            "SELECT {a:UInt8} + 1, {b:String}, currentDatabase(), getSetting('max_threads') FORMAT CSV"),
                    "")
                .body())
        .isEqualTo("5,\"x\ty\",\"system\",1\n");
  }

  @Test
  void nothing_ofOneRequestReachesTheNext() throws IOException {
    TestEngines.send(server, "?max_threads=1&database=system", "SET max_block_size = 7");

    assertThat(TestEngines.run(server, "SELECT currentDatabase(), getSetting('max_block_size')"))
        .isEqualTo("default\t65409");
  }

  @Test
  void error_hasItsStatusItsCodeAndItsText() {
    HttpResponse<String> missing = TestEngines.send(server, "", "SELECT * FROM nowhere");
    assertThat(missing.statusCode()).isEqualTo(404);
    assertThat(TestEngines.header(missing, "X-ClickHouse-Exception-Code")).isEqualTo("60");
    assertThat(missing.body())
        .startsWith("Code: 60. DB::Exception: ")
        .contains("(UNKNOWN_TABLE) (version 26.");

    assertThat(TestEngines.send(server, "", "SELEC 1").statusCode()).isEqualTo(400);
    assertThat(TestEngines.send(server, "?database=nowhere", "SELECT 1").statusCode())
        .isEqualTo(404);
    assertThat(TestEngines.send(server, "?max_thread=1", "SELECT 1").body())
        .contains("UNKNOWN_SETTING");
    assertThat(TestEngines.send(server, "elsewhere", "SELECT 1").statusCode()).isEqualTo(404);
  }

  @Test
  void error_afterRowsWereSentIsInTheStreamAndBreaksIt() throws IOException {
    try (Socket socket = ask("SELECT throwIf(number = 3000000) FROM numbers(4000000)")) {
      String answer = new String(socket.getInputStream().readAllBytes(), UTF_8);

      assertThat(answer).startsWith("HTTP/1.1 200");
      assertThat(answer.substring(answer.length() - 900))
          .contains("__exception__", "Code: 395.", "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO")
          .doesNotEndWith("0\r\n\r\n");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 400_000})
  void error_afterRowsIsAllThereIsWhereTheEndIsWaitedFor(int rows) {
    String sql = "SELECT throwIf(number = %d) FROM numbers(%d)".formatted(rows - 1, rows);

    HttpResponse<String> failed = TestEngines.send(server, "?wait_end_of_query=1", sql);
    assertThat(failed.statusCode()).isEqualTo(500);
    assertThat(failed.body()).startsWith("Code: 395.");

    HttpResponse<String> whole =
        TestEngines.send(
            server, "?wait_end_of_query=1", "SELECT 'some text' FROM numbers(" + rows + ")");
    assertThat(TestEngines.header(whole, "X-ClickHouse-Summary"))
        .contains("\"read_rows\":\"%d\"".formatted(rows));
    assertThat(whole.body()).hasSize(10 * rows).endsWith("some text\n");
  }

  @Test
  @Tag("K18")
  @DisplayName("K18 DROP … SYNC ends in the first life of a data directory")
  void drop_waitsForItsFilesAndEnds() throws IOException {
    TestEngines.run(server, "CREATE DATABASE gone");
    TestEngines.run(server, "CREATE TABLE gone.t (a UInt8) ENGINE = MergeTree ORDER BY a");
    TestEngines.run(server, "INSERT INTO gone.t VALUES (1)");
    assertThat(TestEngines.run(server, "DROP DATABASE gone SYNC")).isEmpty();
  }

  @Test
  @Tag("K22")
  @DisplayName("K22 KILL QUERY ends what clients run, and not the server")
  void kill_endsQueriesAndNotTheServer() throws Exception {
    try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
      Future<HttpResponse<String>> victim =
          thread.submit(() ->
              TestEngines.send(
                  server,
                  "?wait_end_of_query=1", // else the error may follow rows, in a broken response
                  "SELECT sleepEachRow(0.1) FROM numbers(6000) SETTINGS max_block_size = 1"));
      while (!running().equals("1")) {
        LockSupport.parkNanos(20_000_000);
      }
      TestEngines.run(server, "KILL QUERY WHERE query NOT LIKE 'KILL%'");
      assertThat(victim.get().body()).contains("(QUERY_WAS_CANCELLED)");
    }
    assertThat(TestEngines.run(server, "SELECT 1")).isEqualTo("1");
    assertThat(TestEngines.run(server, "SYSTEM FLUSH LOGS")).isEmpty();
    assertThat(
            TestEngines.run(
                server,
                "SELECT exception_code FROM system.query_log"
                    + " WHERE query LIKE 'SELECT sleepEachRow(0.1)%' AND type != 'QueryStart'"))
        .isEqualTo("394");
  }

  @Test
  void kill_thatWaitsForItsVictimEnds() throws Exception {
    try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
      Future<HttpResponse<String>> victim =
          thread.submit(() ->
              TestEngines.send(
                  server,
                  "?query_id=victim&wait_end_of_query=1",
                  "SELECT sleepEachRow(0.1) FROM numbers(6000) SETTINGS max_block_size = 1"));
      while (!running().equals("1")) {
        LockSupport.parkNanos(20_000_000);
      }
      assertThat(TestEngines.run(server, "KILL QUERY WHERE query_id = 'victim' SYNC"))
          .startsWith("finished\tvictim");
      assertThat(victim.get().body()).contains("(QUERY_WAS_CANCELLED)");
    }
  }

  @Test
  @Tag("K2")
  @DisplayName("K2 the same chunk sent twice under one token is there once")
  void insert_sentTwiceUnderOneTokenIsThereOnceAndInOnePart() throws Exception {
    TestEngines.run(
        server,
        "CREATE TABLE twice (id UInt64, v FixedString(40)) ENGINE = MergeTree ORDER BY id"
            + " SETTINGS non_replicated_deduplication_window = 100");
    byte[] chunk = rows(1_000_000);
    for (int round = 0; round < 3; round++) {
      HttpResponse<String> response = insert("twice", round < 2 ? "a" : "b", chunk);
      assertThat(response.body()).isEmpty();
      assertThat(TestEngines.header(response, "X-ClickHouse-Summary"))
          .contains("\"written_rows\":\"1000000\"");
    }

    // 48 MB are one block, so one part; the third is the same under another token.
    assertThat(
            TestEngines.run(
                server,
                "SELECT count(), uniqExact(id), (SELECT countIf(rows = 1000000) FROM system.parts"
                    + " WHERE table = 'twice' AND level = 0) FROM twice"))
        .isEqualTo("2000000\t1000000\t2");
    server.killHard();
    TestEngines.awaitAnswer(server, "SELECT 1");
    insert("twice", "b", chunk);
    assertThat(TestEngines.run(server, "SELECT count() FROM twice")).isEqualTo("2000000");
  }

  private static HttpResponse<String> insert(String table, String token, byte[] rows) {
    return TestEngines.send(
        HttpRequest.newBuilder(
                TestEngines.at(
                    server,
                    "?insert_deduplication_token="
                        + token
                        + "&query="
                        + TestEngines.encode("INSERT INTO " + table + " FORMAT RowBinary")))
            .header("X-ClickHouse-User", server.user())
            .header("X-ClickHouse-Key", server.password())
            .POST(HttpRequest.BodyPublishers.ofByteArray(rows))
            .build());
  }

  private static byte[] rows(int count) {
    ByteBuffer bytes = ByteBuffer.allocate(count * 48).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < count; i++) {
      bytes.putLong(i).position(bytes.position() + 40);
    }
    return bytes.array();
  }

  @Test
  void insert_whoseClientIsGoneIsNotInserted() throws Exception {
    TestEngines.run(server, "CREATE TABLE half (id UInt64) ENGINE = MergeTree ORDER BY id");
    String query = "/?query=" + TestEngines.encode("INSERT INTO half FORMAT RowBinary");
    try (Socket socket = connect()) {
      OutputStream out = socket.getOutputStream();
      out.write(head("POST", query, "Content-Length: 8000000").getBytes(UTF_8));
      // Whole rows, so that only the length shows that there should be more.
      out.write(new byte[800_000]);
      out.flush();
    }
    awaitQuiet();

    assertThat(TestEngines.run(server, "SELECT count() FROM half")).isEqualTo("0");
  }

  @Test
  void insert_withDamagedRowsSaysSoAndTheConnectionGoesOn() throws Exception {
    TestEngines.run(server, "CREATE TABLE damaged (id UInt64) ENGINE = MergeTree ORDER BY id");
    HttpResponse<String> refused = insert("damaged", "", new byte[4_000_003]);

    assertThat(refused.statusCode()).isEqualTo(500);
    assertThat(refused.body()).contains("CANNOT_READ_ALL_DATA");
    assertThat(insert("nowhere", "", new byte[4_000_000]).statusCode()).isEqualTo(404);
    assertThat(insert("damaged", "", new byte[800]).statusCode()).isEqualTo(200);
    assertThat(TestEngines.run(server, "SELECT count() FROM damaged")).isEqualTo("100");
  }

  @Test
  void query_endsWithItsClient() throws Exception {
    try (Socket socket =
        ask(
            "SELECT number, sleepEachRow(0.00001) FROM numbers(1000000000) SETTINGS function_sleep_max_microseconds_per_block = 0")) {
      InputStream in = socket.getInputStream();
      assertThat(in.readNBytes(1000)).hasSize(1000);
      assertThat(running()).isEqualTo("1");
    }
    awaitQuiet();
    assertThat(running()).isEqualTo("0");
  }

  private static String running() throws IOException {
    return TestEngines.run(
        server,
        "SELECT count() FROM system.processes WHERE user != '' AND query NOT LIKE '%processes%'");
  }

  private static void awaitQuiet() throws IOException {
    while (!running().equals("0")) {
      LockSupport.parkNanos(20_000_000);
    }
  }

  @Test
  void queries_runBesideEachOther() throws Exception {
    long began = System.nanoTime();
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Future<String>> answers = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        int number = i;
        answers.add(
            threads.submit(() -> TestEngines.run(server, "SELECT " + number + ", sleep(1)")));
      }
      for (int i = 0; i < 8; i++) {
        assertThat(answers.get(i).get()).isEqualTo(i + "\t0");
      }
    }
    assertThat((System.nanoTime() - began) / 1_000_000_000).isLessThan(6);
  }

  @Test
  void client_thatWaitsToBeAskedIsAsked() throws Exception {
    try (Socket socket = connect()) {
      OutputStream out = socket.getOutputStream();
      out.write(
          head("POST", "/", "Content-Length: 8", "Expect: 100-continue", "Connection: close")
              .getBytes(UTF_8));
      out.flush();
      assertThat(new String(socket.getInputStream().readNBytes(25), UTF_8))
          .isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
      out.write("SELECT 1".getBytes(UTF_8));
      out.flush();
      assertThat(new String(socket.getInputStream().readAllBytes(), UTF_8)).contains("\r\n1\n");
    }
  }

  @Test
  void memory_isLimitedAndTheServerLivesOn() throws Exception {
    assertThatThrownBy(() ->
            TestEngines.run(
                server, "SELECT length(groupArray(toString(number))) FROM numbers(400000000)"))
        .hasMessageContaining("(MEMORY_LIMIT_EXCEEDED)");
    assertThat(TestEngines.run(server, "SELECT 1")).isEqualTo("1");
  }

  private static Socket ask(String sql) throws IOException {
    Socket socket = connect();
    OutputStream out = socket.getOutputStream();
    out.write(
        head("POST", "/", "Content-Length: " + sql.length(), "Connection: close").getBytes(UTF_8));
    out.write(sql.getBytes(UTF_8));
    out.flush();
    return socket;
  }

  private static Socket connect() throws IOException {
    return new Socket(InetAddress.ofLiteral("127.0.0.1"), server.port());
  }

  private static String head(String method, String path, String... headers) {
    return method
        + " "
        + path
        + " HTTP/1.1\r\nHost: localhost\r\nX-ClickHouse-User: "
        + server.user()
        + "\r\nX-ClickHouse-Key: "
        + server.password()
        + "\r\n"
        + String.join("\r\n", headers)
        + "\r\n\r\n";
  }
}
