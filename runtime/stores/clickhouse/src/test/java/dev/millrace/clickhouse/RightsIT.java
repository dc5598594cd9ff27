package dev.millrace.clickhouse;

import static dev.millrace.clickhouse.ClickHouseFixture.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.Storage;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.servers.EmbeddedClickHouse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The abilities of users with few rights. */
@Timeout(120)
@ExtendWith(TestClickHouse.WhereItCanRun.class)
final class RightsIT {
  private static final String FEW = "GRANT SELECT, INSERT, CREATE TABLE, CREATE VIEW ON ";
  private static final ClickHouseFixture.TestIndexer INDEXER =
      new ClickHouseFixture.TestIndexer(
          "lab",
          List.of(ClickHouseFixture.TOKEN, ClickHouseFixture.NOTE, ClickHouseFixture.GAUGE),
          Storage.BOTH);

  private static EmbeddedClickHouse server;

  @BeforeAll
  static void start() {
    server =
        TestClickHouse.start(
            Path.of("target", "clickhouse-rights-it"),
            TestClickHouse.standard()
                .withUser("few", "secret", FEW + "shop.*")
                .withUser(
                    "tidy",
                    "secret",
                    FEW
                        + "shop.*; GRANT ALTER DELETE, DROP TABLE, DROP VIEW ON shop.*;"
                        + " GRANT SELECT ON system.mutations")
                .withUser(
                    "half",
                    "secret",
                    FEW
                        + "shop.*; GRANT DROP VIEW, DROP TABLE ON shop.*;"
                        + " REVOKE DROP TABLE ON shop.millrace_rows_note"));
  }

  @AfterAll
  static void stop() {
    server.stop();
  }

  private static MirrorSettings user(String name) {
    return MirrorSettings.of(server.url(), name, "secret", "shop").withLongestQuery(Duration.ZERO);
  }

  private static void freshShop() {
    TestClickHouse.execute(
        TestClickHouse.settings(server, "default"),
        "DROP DATABASE IF EXISTS shop SYNC",
        "CREATE DATABASE shop");
  }

  @Test
  @Tag("K8")
  @DisplayName(
      "K8 rights limited to SELECT, INSERT and CREATE in one database; housekeeping says that it"
          + " cannot run, and needs the rights that are documented")
  void fewRights_areEnough() {
    freshShop();
    AtomicLong epochs = new AtomicLong();
    ClickHouseFixture lab = new ClickHouseFixture(user("few"), INDEXER, Failpoint.NONE, epochs);
    ClickHouseFixture.MemoryEpochBook book = lab.book("1");
    ClickHouseFixture.Run run = lab.run(book).follow();
    run.commit(true, List.of(token(1, "a", 1), new ClickHouseFixture.Gauge(1, 1)));
    run.commit(true, List.of(token(1, "dead", 2)));
    run.openEpoch(1);
    assertThat(lab.mirror.clean().orElseThrow())
        .contains("it needs ALTER DELETE ON shop.* and SELECT ON system.mutations")
        .contains("code=497", "ALTER DELETE");
    lab.mirror.close();

    ClickHouseFixture next = new ClickHouseFixture(user("few"), INDEXER, Failpoint.NONE, epochs);
    next.run(book).follow().commit(true, List.of(token(2, "c", 3)));
    assertThat(next.tokens()).containsExactly("1|1|a|1", "1|2|c|3");
    assertThat(next.read(ClickHouseFixture.TOKEN, book, 2))
        .isEqualTo(book.state(ClickHouseFixture.TOKEN, 2));
    assertThat(next.query("SELECT owner FROM token_at(chain = 1, checkpoint = 1)"))
        .containsExactly("a");
    assertThat(next.query("SELECT count() FROM millrace_rows_token")).containsExactly("3");
    next.mirror.close();

    ClickHouseFixture tidy = new ClickHouseFixture(user("tidy"), INDEXER, Failpoint.NONE, epochs);
    tidy.run(book).follow();
    assertThat(tidy.mirror.clean()).isEmpty();
    assertThat(tidy.query("SELECT count() FROM millrace_rows_token")).containsExactly("2");
    assertThat(tidy.tokens()).containsExactly("1|1|a|1", "1|2|c|3");
    tidy.mirror.close();
  }

  @Test
  void viewsOfAnotherVersion_areReplacedByWhoMay() {
    freshShop();
    ClickHouseFixture lab =
        new ClickHouseFixture(user("few"), INDEXER, Failpoint.NONE, new AtomicLong());
    lab.run(lab.book("1")).follow().commit(true, List.of(token(1, "a", 1)));
    lab.mirror.close();
    TestClickHouse.execute(
        TestClickHouse.settings(server, "shop"),
        "CREATE OR REPLACE VIEW token AS SELECT 1 AS old COMMENT 'millrace 1\\nabcdef'");

    assertThatThrownBy(() -> ClickHouseMirror.open(user("few"), INDEXER, Failpoint.NONE))
        .hasMessageContaining("DROP VIEW")
        .isInstanceOfSatisfying(
            MillraceException.class,
            refused -> assertThat(refused.remedy()).isEqualTo(Remedy.FIX_SETUP));
    ClickHouseMirror.open(user("tidy"), INDEXER, Failpoint.NONE).close();
    assertThat(lab.tokens()).containsExactly("1|1|a|1");
  }

  /** One RENAME takes all tables out of sight, or none. */
  @Test
  @Tag("K32")
  @DisplayName("K32 a reset whose user lacks a right on one table drops none")
  void resetWithoutARight_dropsNothing() {
    freshShop();
    ClickHouseFixture lab =
        new ClickHouseFixture(user("few"), INDEXER, Failpoint.NONE, new AtomicLong());
    lab.run(lab.book("1")).follow().commit(true, List.of(token(1, "a", 1)));
    lab.mirror.close();
    MirrorSettings owner = TestClickHouse.settings(server, "shop");
    String names = "SELECT name FROM system.tables WHERE database = 'shop' ORDER BY name";
    List<String> before = TestClickHouse.query(owner, names);

    assertThatThrownBy(() -> ClickHouseMirror.reset(user("half")))
        .hasMessageContaining("DROP TABLE ON shop.millrace_rows_note");
    assertThat(TestClickHouse.query(owner, names)).isEqualTo(before);
    assertThat(lab.tokens()).containsExactly("1|1|a|1");

    assertThat(ClickHouseMirror.reset(user("tidy"))).isTrue();
    assertThat(TestClickHouse.query(owner, names)).isEmpty();
  }

  @Test
  void aDatabaseThatCannotBeMade_isNamed() {
    MirrorSettings elsewhere = MirrorSettings.of(server.url(), "few", "secret", "not_there");
    assertThatThrownBy(() -> ClickHouseMirror.open(elsewhere, INDEXER, Failpoint.NONE))
        .isInstanceOfSatisfying(
            MillraceException.class,
            refused -> assertThat(refused.remedy()).isEqualTo(Remedy.FIX_SETUP));
  }
}
