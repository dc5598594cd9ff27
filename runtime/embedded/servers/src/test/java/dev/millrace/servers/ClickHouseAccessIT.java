package dev.millrace.servers;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
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

/** The embedded server asks for a password and refuses what a user has no right to. */
@Timeout(120)
@ExtendWith(TestEngines.WhereTheLibraryIs.class)
final class ClickHouseAccessIT {
  @TempDir static Path root;
  private static EmbeddedClickHouse server;

  @BeforeAll
  static void start() throws IOException {
    server =
        EmbeddedClickHouse.start(
            root,
            TestEngines.small()
                .withUser(
                    "few", "secret", "GRANT SELECT, INSERT, CREATE TABLE, CREATE VIEW ON shop.*"));
    TestEngines.run(server, "CREATE DATABASE IF NOT EXISTS shop");
  }

  @AfterAll
  static void stop() {
    server.stop();
  }

  @Test
  void password_isAskedFor() {
    HttpResponse<String> none =
        TestEngines.send(HttpRequest.newBuilder(TestEngines.at(server, "?query=SELECT+1")).build());
    // An empty name is the engine's own session, and there is only one of those.
    assertThat(TestEngines.header(none, "X-ClickHouse-Exception-Code")).isEqualTo("700");
    HttpResponse<String> wrong =
        TestEngines.send(
            HttpRequest.newBuilder(TestEngines.at(server, "?query=SELECT+1"))
                .header("X-ClickHouse-User", server.user())
                .header("X-ClickHouse-Key", "wrong")
                .build());
    assertThat(wrong.statusCode()).isEqualTo(403);
    assertThat(TestEngines.header(wrong, "X-ClickHouse-Exception-Code")).isEqualTo("516");

    String basic =
        Base64.getEncoder()
            .encodeToString((server.user() + ":" + server.password()).getBytes(UTF_8));
    assertThat(
            TestEngines.send(
                    HttpRequest.newBuilder(TestEngines.at(server, "?query=SELECT+1"))
                        .header("Authorization", "Basic " + basic)
                        .build())
                .body())
        .isEqualTo("1\n");
    assertThat(
            TestEngines.send(HttpRequest.newBuilder(TestEngines.at(server, "ping")).build()).body())
        .isEqualTo("Ok.\n");
    assertThat(TestEngines.send(HttpRequest.newBuilder(TestEngines.at(server, "")).build()).body())
        .isEqualTo("Ok.\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "&readonly=0"})
  void get_onlyReads(String more) {
    String query = "?user=" + server.user() + "&password=" + server.password() + more + "&query=";
    HttpResponse<String> response =
        TestEngines.send(
            HttpRequest.newBuilder(
                    TestEngines.at(server, query + TestEngines.encode("CREATE DATABASE bad")))
                .build());

    assertThat(response.body()).contains("(READONLY)");
  }

  @Test
  @Tag("K8")
  @DisplayName("K8 a user with few rights has these and no others")
  void user_withFewRightsHasTheseAndNoOthers() throws IOException {
    TestEngines.run(
        server, "CREATE TABLE default.foreign_table (a UInt8) ENGINE = MergeTree ORDER BY a");

    assertThat(few("CREATE TABLE shop.t (a UInt8) ENGINE = MergeTree ORDER BY a")).isEmpty();
    assertThat(few("INSERT INTO shop.t VALUES (1)")).isEmpty();
    assertThat(few("INSERT INTO shop.t SELECT 2")).isEmpty();
    assertThat(few("SELECT sum(a) FROM shop.t")).isEqualTo("3");
    assertThat(few("CREATE VIEW shop.v AS SELECT a FROM shop.t")).isEmpty();
    for (String refused :
        List.of(
            "SELECT * FROM default.foreign_table",
            "INSERT INTO default.foreign_table VALUES (1)",
            "DROP TABLE shop.t",
            "ALTER TABLE shop.t DELETE WHERE 1",
            "CREATE DATABASE other",
            "SELECT * FROM file('/etc/passwd', 'LineAsString')",
            "SELECT * FROM url('http://127.0.0.1', 'LineAsString')")) {
      assertThat(few(refused)).as(refused).startsWith("500 Code: 497.").contains("(ACCESS_DENIED)");
    }
    few("SET ROLE owner");
    assertThat(few("DROP TABLE shop.t")).startsWith("500 Code: 497.");
    assertThat(few("SELECT 1; DROP TABLE shop.t")).startsWith("400 Code: 62.");
    assertThat(few("SELECT 'a;b', $x$;$x$ -- ;")).isEqualTo("a;b\t;");
    assertThat(few("INSERT INTO shop.t SETTINGS log_comment = ';' FORMAT CSV\n7")).isEmpty();
    assertThat(few("SELECT sum(a) FROM shop.t WHERE ';' = ';'")).isEqualTo("10");
  }

  @Test
  @Tag("K15")
  @DisplayName("K15 the engine's own session is nobody else's")
  void hostUser_isRefusedOverEveryPort() throws Exception {
    for (String address :
        List.of(
            "?query=SELECT+1", "?user=default&query=SELECT+1", "?session_id=s&query=SELECT+1")) {
      assertThat(
              TestEngines.send(HttpRequest.newBuilder(TestEngines.at(server, address)).build())
                  .body())
          .as(address)
          .startsWith("Code: 700.")
          .contains("USER_SESSION_LIMIT_EXCEEDED");
    }
    assertThat(TestEngines.run(server, "SHOW GRANTS FOR default"))
        .isEqualTo("GRANT CREATE TEMPORARY TABLE, SYSTEM LISTEN ON *.* TO default");
  }

  @Test
  @Tag("K15")
  @DisplayName("K15 a format's name is a name")
  void format_thatHoldsAStatementIsRefused() throws IOException {
    TestEngines.run(server, "CREATE TABLE secret (a UInt8) ENGINE = MergeTree ORDER BY a");
    for (String format : List.of("TSV; DROP TABLE secret", "TSV; SET ROLE owner; SELECT 1")) {
      HttpResponse<String> answer =
          TestEngines.send(server, "?default_format=" + TestEngines.encode(format), "SELECT 1");
      assertThat(answer.body()).contains("(UNKNOWN_FORMAT)");
    }
    assertThat(TestEngines.run(server, "EXISTS TABLE secret")).isEqualTo("1");
  }

  private static String few(String sql) {
    HttpResponse<String> response =
        TestEngines.send(
            HttpRequest.newBuilder(TestEngines.at(server, ""))
                .header("X-ClickHouse-User", "few")
                .header("X-ClickHouse-Key", "secret")
                .POST(HttpRequest.BodyPublishers.ofString(sql))
                .build());
    return (response.statusCode() == 200 ? "" : response.statusCode() + " ")
        + response.body().strip();
  }
}
