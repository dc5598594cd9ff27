package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.app.Samples.Captured;
import dev.millrace.config.Config;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.runner.ConfiguredDatabase;
import dev.millrace.runner.ExitCode;
import dev.millrace.verify.MirrorRebuild;
import dev.millrace.verify.VerificationResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
    VerificationResult found = both.verify();
    assertThat(found.isEqual()).as(found.toString()).isTrue();
    assertThat(found.compared()).hasSize(3);
  }

  private static void resetPostgres(TwoStores both) {
    try (ConfiguredDatabase database = ConfiguredDatabase.open(both.config)) {
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

  /** Lets a process that holds lanes look like one that was stopped for longer than its lease. */
  private static void silence(TwoStores both) {
    try (ConfiguredDatabase database = ConfiguredDatabase.open(both.config);
        Connection connection =
            DriverManager.getConnection(
                database.settings().url(),
                database.settings().user(),
                database.settings().password());
        Statement statement = connection.createStatement()) {
      statement.execute(
          "UPDATE %s.millrace_lease SET epoch = -1, expires = '-infinity'"
              .formatted(both.config.name()));
    } catch (SQLException failed) {
      throw new AssertionError(failed);
    }
  }

  /** Runs a rebuild that does something else once, when it comes to a step. */
  private static MillraceException rebuild(TwoStores both, String step, Runnable there) {
    AtomicBoolean reached = new AtomicBoolean();
    MirrorRebuild rebuild =
        MirrorRebuild.of(both.config, both.indexer)
            .onProgress(what -> {
              if (what.startsWith(step) && reached.compareAndSet(false, true)) {
                there.run();
              }
            });
    MillraceException failed = catchThrowableOfType(MillraceException.class, rebuild::run);
    assertThat(reached).isTrue();
    return failed;
  }

  @ParameterizedTest(name = "K31 a rebuild stands still before its step {0}, others go on")
  @ValueSource(strings = {"drop of what is there", "earlier epochs", "Busy"})
  @Tag("K31")
  void stoppedRebuild_changesNothingOfItsSuccessor(String step) {
    String name = "stopped_" + step.substring(0, 4).strip().toLowerCase(Locale.ROOT);
    TwoStores both = new TwoStores(name, data, TwoStores.shared(name));
    assertThat(both.run()).isEmpty();

    MillraceException failed =
        rebuild(
            both,
            step,
            () -> {
              silence(both);
              MirrorRebuild.of(both.config, both.indexer).run();
              both.chain.advance(20);
              assertThat(both.run()).isEmpty();
              assertEqual(both);
            });

    assertThat(failed).isNotNull();
    assertThat(failed.remedy()).isEqualTo(Remedy.YIELD);
    assertEqual(both);
    both.chain.advance(20);
    assertThat(both.run()).isEmpty();
    assertEqual(both);
  }

  @Test
  @Tag("K31")
  @DisplayName("K31 a rebuild stands still before its drop, and a run takes its lanes over")
  void stoppedRebuild_sparesTheMirrorOfARun() {
    TwoStores both = new TwoStores("spared", data, TwoStores.shared("spared"));
    assertThat(both.run()).isEmpty();

    MillraceException failed =
        rebuild(
            both,
            "drop of what is there",
            () -> {
              silence(both);
              both.chain.advance(20);
              assertThat(both.run()).isEmpty();
            });

    assertThat(failed).isNotNull();
    assertThat(failed.remedy()).isEqualTo(Remedy.YIELD);
    assertEqual(both);
    both.chain.advance(20);
    assertThat(both.run()).isEmpty();
    assertEqual(both);
  }

  @ParameterizedTest(name = "K31 a rebuild of a rebuilt mirror dies before its step {0}")
  @ValueSource(strings = {"drop of what is there", "Account"})
  @Tag("K31")
  void deadRebuild_leavesAMirrorThatIsWholeOrRefused(String step) {
    String name = "dead_" + step.substring(0, 4).strip().toLowerCase(Locale.ROOT);
    TwoStores both = new TwoStores(name, data, TwoStores.shared(name));
    assertThat(both.run()).isEmpty();
    MirrorRebuild.of(both.config, both.indexer).run();

    MillraceException dead =
        rebuild(
            both,
            step,
            () -> {
              throw new MillraceException(Remedy.RESTART, "dead");
            });
    assertThat(dead).hasMessage("dead");

    Optional<String> refused;
    try {
      refused = both.run();
    } catch (MillraceException failed) {
      refused = Optional.of(String.valueOf(failed.getMessage()));
    }
    if (refused.isPresent()) {
      assertThat(refused.get()).contains("`millrace rebuild`");
      MirrorRebuild.of(both.config, both.indexer).run();
    }
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
    assertThat(both.run(off, Failpoint.NONE)).isEmpty();
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
    CommandLineRunner commands = new CommandLineRunner(captured.shell(), List.of());
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
