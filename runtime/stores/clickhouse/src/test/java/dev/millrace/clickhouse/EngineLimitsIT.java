package dev.millrace.clickhouse;

import static dev.millrace.clickhouse.ClickHouseFixture.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.clickhouse.client.ClickHouseDatabase;
import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.Storage;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.MirrorGroup;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Refusals: of the engine under limits that each request sets, and of wrong addresses. */
@Timeout(300)
@ExtendWith(TestClickHouse.WhereItCanRun.class)
final class EngineLimitsIT {
  @Test
  void wrongPlacesAndUsers_areNamed() {
    MirrorSettings right = TestClickHouse.settings("default");
    MirrorSettings user = MirrorSettings.of(right.url(), right.user(), "wrong", "default");
    MirrorSettings place = MirrorSettings.of("http://127.0.0.1:1", "default", "", "default");
    ClickHouseFixture.TestIndexer indexer =
        new ClickHouseFixture.TestIndexer("lab", List.of(ClickHouseFixture.TOKEN), Storage.BOTH);

    assertThatThrownBy(() -> ClickHouseMirror.open(user, indexer, Failpoint.NONE))
        .extracting("remedy")
        .isEqualTo(Remedy.FIX_SETUP);
    assertThatThrownBy(() -> ClickHouseMirror.open(place, indexer, Failpoint.NONE))
        .extracting("remedy")
        .isEqualTo(Remedy.RETRY);
  }

  @Test
  @Tag("K4")
  @DisplayName("K4 inserts that the engine refuses for want of parts, queries or memory wait")
  void refusalsThatPass_areRetried() throws Exception {
    MirrorSettings direct = TestClickHouse.settings(TestClickHouse.freshDatabase());
    try (ClickHouseCuttingProxy proxy = new ClickHouseCuttingProxy(direct.url());
        ClickHouseFixture lab =
            new ClickHouseFixture(
                MirrorSettings.of(proxy.url(), direct.user(), direct.password(), direct.database()),
                new ClickHouseFixture.TestIndexer(
                    "lab", List.of(ClickHouseFixture.TOKEN), Storage.BOTH),
                Failpoint.NONE,
                new AtomicLong())) {
      ClickHouseFixture.Run run = lab.run(lab.book("1")).follow();
      run.commit(true, List.of(token(1, "a", 1)));
      run.commit(true, List.of(token(1, "b", 2)));
      MirrorGroup group =
          run.group(
              run.batch(
                  true, LongStream.range(0, 50_000).mapToObj(id -> token(id, "c", id)).toList()));

      String limit = "ALTER TABLE millrace_rows_token MODIFY SETTING parts_to_throw_insert = ";
      TestClickHouse.execute(lab.settings, "SYSTEM STOP MERGES millrace_rows_token", limit + "1");
      assertRefused("a table has too many parts", run, group);
      TestClickHouse.execute(
          lab.settings, limit + "1000", "SYSTEM START MERGES millrace_rows_token");

      proxy.asking("max_memory_usage=2000000&max_untracked_memory=1");
      assertRefused("the server is short of memory", run, group);

      // The statement that keeps the engine's ports open is one of them.
      proxy.asking("max_concurrent_queries_for_all_users=2");
      try (InputStream _ = endlessQuery(direct)) {
        assertRefused("the server runs too many queries", run, group);
      }
      ClickHouseFixture.insertPatiently(run, group);
      run.commit(group);
      ClickHouseFixture.patiently(() -> run.lane.publish(run.said()));
      proxy.asking("");

      List<ClickHouseFixture.Token> found = lab.read(ClickHouseFixture.TOKEN, run.book, 3);
      assertThat(found).hasSize(50_000);
      assertThat(Set.copyOf(found))
          .isEqualTo(Set.copyOf(run.book.state(ClickHouseFixture.TOKEN, 3)));
    }
  }

  /** Starts a query that runs until its rows are closed; the rows are never read. */
  private static InputStream endlessQuery(MirrorSettings settings) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(settings.url()))
            .header("X-ClickHouse-User", settings.user())
            .header("X-ClickHouse-Key", settings.password())
            .POST(HttpRequest.BodyPublishers.ofString("SELECT number FROM system.numbers"))
            .build();
    return HttpClient.newHttpClient()
        .send(request, HttpResponse.BodyHandlers.ofInputStream())
        .body();
  }

  /** Asserts that each attempt is refused. */
  private static void assertRefused(String why, ClickHouseFixture.Run run, MirrorGroup group) {
    for (int tries = 0; tries < 2; tries++) {
      assertThatThrownBy(() -> run.lane.insert(group))
          .hasMessageContaining(why)
          .isInstanceOfSatisfying(
              MillraceException.class,
              failed -> assertThat(failed.remedy()).isEqualTo(Remedy.RETRY));
    }
  }

  @Test
  void statementsThatCannotPass_areNotRetried() {
    try (ClickHouseDatabase server = new ClickHouseDatabase(TestClickHouse.settings("default"))) {
      for (String sql : List.of("SELECT * FROM nothing", "SELECT FROM WHERE")) {
        assertThatThrownBy(() -> server.execute("test", sql))
            .isInstanceOfSatisfying(
                MillraceException.class,
                failed -> assertThat(failed.remedy()).isEqualTo(Remedy.FIX_SETUP));
      }
    }
  }
}
