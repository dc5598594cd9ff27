package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.app.Samples.Captured;
import dev.millrace.config.Config;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Probe;
import dev.millrace.postgres.PostgresStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A mirror that is no longer a copy, and the ways to repair it. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
@ExtendWith(TwoStores.WhereTheEngineIs.class)
class RebuildIT {
  @TempDir static Path data;

  @AfterAll
  static void stopServers() {
    TwoStores.stopServers(data);
  }

  private static void assertEqual(TwoStores both) {
    Verification found = both.verify();
    assertThat(found.isEqual()).as(found.toString()).isTrue();
    assertThat(found.compared()).hasSize(3);
  }

  private static void resetPostgres(TwoStores both) {
    try (Database database = Database.open(both.config)) {
      assertThat(PostgresStore.reset(database.settings(), both.config.name())).isTrue();
    }
  }

  @Test
  void rebuiltMirror_followsAReorgInsideTheWindow() {
    TwoStores both = new TwoStores("refilled", data, TwoStores.shared("refilled"));
    assertThat(both.run()).isEmpty();
    both.chain.advance(25); // so that rows of several commits lie in the window
    assertThat(both.run()).isEmpty();
    both.clickhouse("ALTER TABLE millrace_rows_transfer DELETE WHERE id % 3 = 0");
    both.clickhouse("ALTER TABLE millrace_rows_account DELETE WHERE moves < 5");
    assertThat(both.verify().isEqual()).isFalse();

    assertThat(MirrorRebuild.of(both.config, both.indexer).run()).containsOnlyKeys("1337");
    assertEqual(both);
    String published = both.clickhouse("SELECT count(), sum(balance) FROM account");
    assertThat(published).isNotEqualTo("0\t0");

    both.chain.fork(30, 10);
    assertThat(both.run()).isEmpty();
    assertEqual(both);
    both.chain.advance(60);
    assertThat(both.run()).isEmpty();
    assertEqual(both);
  }

  @Test
  void rebuild_mayBeginAgainWhereItWasCutOff() {
    TwoStores both = new TwoStores("again", data, TwoStores.shared("again"));
    assertThat(both.run()).isEmpty();
    MirrorRebuild.of(both.config, both.indexer).run();
    both.clickhouse("TRUNCATE TABLE millrace_mirror");
    assertThat(catchThrowableOfType(MillraceException.class, both::run))
        .hasMessageContainingAll("it has rows and does not know whose", "`millrace rebuild`");
    MirrorRebuild.of(both.config, both.indexer).run();
    assertThat(both.run()).isEmpty();
    assertEqual(both);
  }

  @Test
  @Tag("K28")
  @DisplayName("K28 rows of a rebuild that was passed over arrive after its successor's: not seen")
  void lateRowsOfAnEarlierRebuild_areNotSeen() {
    TwoStores both = new TwoStores("passed", data, TwoStores.shared("passed"));
    assertThat(both.run()).isEmpty();
    MirrorRebuild.of(both.config, both.indexer).run();
    String passedOver = both.clickhouse("SELECT max(_epoch) FROM millrace_rows_account");
    MirrorRebuild.of(both.config, both.indexer).run();
    both.clickhouse(
        ("INSERT INTO millrace_rows_account SELECT * REPLACE (%s AS _epoch, balance + 1 AS balance)"
                + " FROM millrace_rows_account")
            .formatted(passedOver.strip()));

    assertEqual(both);
    both.chain.advance(20);
    assertThat(both.run()).isEmpty();
    assertEqual(both);
  }

  @Test
  @Tag("K14")
  @DisplayName("K14 PostgreSQL reset under a mirror is noticed at start; a rebuild mends it")
  void postgresReset_isNoticed() {
    TwoStores both = new TwoStores("forgetful", data, TwoStores.shared("forgetful"));
    assertThat(both.run()).isEmpty();
    resetPostgres(both);
    assertThat(both.run().orElse(""))
        .startsWith("2 ")
        .contains("it follows another schema", "`millrace rebuild --any-mirror`");
    MirrorRebuild rebuild = MirrorRebuild.of(both.config, both.indexer);
    assertThat(catchThrowableOfType(MillraceException.class, rebuild::run))
        .hasMessageContaining("somebody may still write there: database=forgetful");
    rebuild.ofAnyMirror(true).run();
    assertThat(both.run()).isEmpty();
    assertEqual(both);
  }

  @Test
  void runWithoutTheMirror_leavesAHoleThatIsNoticed() {
    TwoStores both = new TwoStores("paused", data, TwoStores.shared("paused"));
    assertThat(both.run()).isEmpty();
    both.chain.advance(20);
    Config off = both.config.withClickHouse(Optional.empty());
    assertThat(both.run(off, Probe.NONE)).isEmpty();
    assertThat(both.run().orElse("")).startsWith("2 ").contains("`millrace rebuild`");
    MirrorRebuild.of(both.config, both.indexer).run();
    assertThat(both.run()).isEmpty();
    assertEqual(both);
    both.chain.fork(10, 15);
    assertThat(both.run()).isEmpty();
    assertEqual(both);
  }

  @Test
  void entitiesInClickHouseOnly_canOnlyBeReset() throws Exception {
    TwoStores both = new TwoStores("traced", data);
    assertThat(both.run()).isEmpty();
    MillraceException refused =
        catchThrowableOfType(
            MillraceException.class, () -> MirrorRebuild.of(both.config, both.indexer).run());
    assertThat(refused.remedy()).isEqualTo(Remedy.FIX_SETUP);
    assertThat(refused)
        .hasMessageContaining("entities are kept in ClickHouse only: entities=Trace")
        .hasMessageContaining("Only `reset` helps");
    assertThat(both.verify().isEqual()).isTrue();

    Path file =
        Files.writeString(
            data.resolve("traced.yaml"),
            """
            name: traced
            clickhouse: { url: embedded }
            chains: [ { id: 1337, rpc: "dev://chain" } ]
            """);
    Captured captured = Samples.shell(data, Map.of());
    Commands commands = new Commands(captured.shell(), List.of());
    List<String> line =
        new ArrayList<>(
            List.of("reset", "--config", file.toString(), "--data-dir", data.toString()));
    assertThat(commands.execute(line.toArray(String[]::new))).isEqualTo(ExitCode.MISUSE);
    assertThat(captured.err()).contains("clickhouse=embedded database=traced");
    line.add("--yes");
    assertThat(commands.execute(line.toArray(String[]::new))).isEqualTo(ExitCode.DONE);
    assertThat(captured.out()).contains("traced: deleted");
    assertThat(both.clickhouse("SELECT count() FROM system.tables WHERE database = 'traced'"))
        .isEqualTo("0");
    assertThat(both.run()).isEmpty();
    assertThat(both.verify().isEqual()).isTrue();
  }
}
