package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.app.Samples.Captured;
import dev.millrace.config.Config;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Storage;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Indexer;
import dev.millrace.runner.ConfiguredDatabase;
import dev.millrace.runner.ExitCode;
import dev.millrace.runner.MirrorDatabase;
import dev.millrace.servers.ClickHouseSettings;
import dev.millrace.servers.EmbeddedClickHouse;
import dev.millrace.verify.MirrorRebuild;
import dev.millrace.verify.StoreVerification;
import dev.millrace.verify.VerificationResult;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Runs over both stores, and the output of `millrace verify` about them. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
@ExtendWith(TwoStores.WhereTheEngineIs.class)
class VerifyIT {
  @TempDir static Path data;

  @AfterAll
  static void stopServers() {
    TwoStores.stopServers(data);
  }

  /** Describes each entity in a line. */
  private static List<String> verification(VerificationResult found) {
    List<String> lines = new ArrayList<>();
    found
        .compared()
        .forEach(one -> lines.add(one.entity() + (one.isEqual() ? " is equal" : " differs")));
    found.leftOut().forEach(one -> lines.add(one.entity() + " " + one.why()));
    return lines;
  }

  @Test
  void run_leavesBothStoresEqualBeforeAndAfterAReorg() {
    TwoStores both = new TwoStores("both", data);
    assertThat(both.run()).isEmpty();
    VerificationResult first = both.verify();
    assertThat(verification(first))
        .containsExactly(
            "Account is equal",
            "Transfer is equal",
            "Busy is equal",
            "Total is kept in PostgreSQL only",
            "Trace is kept in ClickHouse only",
            "Fleeting its rows expire in ClickHouse");
    assertThat(first.isEqual()).isTrue();
    assertThat(first.compared()).allSatisfy(one -> assertThat(one.postgres().rows()).isPositive());
    long transfers = first.compared().get(1).postgres().rows();
    assertThat(both.clickhouse("SELECT count() FROM trace"))
        .as("an entity that PostgreSQL does not have")
        .isEqualTo(Long.toString(transfers));

    both.chain.fork(TwoStores.REVERSIBLE / 2, TwoStores.REVERSIBLE);
    assertThat(both.run()).isEmpty();
    VerificationResult second = both.verify();
    assertThat(second.isEqual()).as(second.toString()).isTrue();
    assertThat(second.compared().get(1).postgres().rows()).isGreaterThan(transfers);
    assertThat(both.clickhouse("SELECT count() FROM trace"))
        .isEqualTo(Long.toString(second.compared().get(1).postgres().rows()));
  }

  @Test
  void verify_namesTheRowThatDiffers() throws Exception {
    TwoStores both = new TwoStores("tampered", data, TwoStores.shared("tampered"));
    assertThat(both.run()).isEmpty();
    String id = both.clickhouse("SELECT min(id) FROM transfer");
    both.clickhouse("ALTER TABLE millrace_rows_transfer DELETE WHERE id = " + id);

    VerificationResult found = both.verify();
    assertThat(verification(found)).contains("Account is equal", "Transfer differs");
    VerificationResult.Compared transfer = found.compared().get(1);
    assertThat(transfer.postgres().rows()).isEqualTo(transfer.clickhouse().rows() + 1);
    assertThat(transfer.differences())
        .singleElement()
        .satisfies(row -> {
          long value = Long.parseLong(id);
          assertThat(row.id()).isEqualTo((value >> 20) + "-" + (value & (1 << 20) - 1));
          assertThat(row.clickhouse()).isEqualTo("nothing");
          assertThat(row.postgres()).contains("sender=0x", "value=");
        });

    AtomicLong clock = new AtomicLong();
    StoreVerification slow =
        StoreVerification.of(both.config, both.indexer)
            .timedBy(() -> clock.getAndAdd(Duration.ofMinutes(61).toNanos()));
    assertThat(catchThrowableOfType(MillraceException.class, slow::run))
        .as("what a reader needs is kept for an hour")
        .hasMessageContaining("verify again while nothing is indexed: minutes=61");

    Captured captured =
        command(ExitCode.FAILED, both.indexer, "tampered", "verify", "--json", "found.json");
    assertThat(captured.err()).isEmpty();
    assertThat(captured.out())
        .contains("Transfer", "DIFFERENT", "  id " + transfer.differences().getFirst().id())
        .contains("`millrace rebuild` fills ClickHouse anew from PostgreSQL");
    assertThat(Files.readString(data.resolve("found.json")))
        .contains("\"equal\" : false", "\"clickhouse\" : \"nothing\"");

    MirrorRebuild.of(both.config, both.indexer).run();
    assertThat(command(ExitCode.DONE, both.indexer, "tampered", "verify").out())
        .endsWith("\ntampered: equal\n")
        .doesNotContain("DIFFERENT");
  }

  @Test
  void status_reportsHowMuchOfItClickHouseShows() throws Exception {
    TwoStores both = new TwoStores("shown", data, TwoStores.shared("shown"));
    assertThat(both.run()).isEmpty();
    Captured status;
    try (MirrorDatabase _ = MirrorDatabase.open(both.config)) {
      status = command(ExitCode.DONE, both.indexer, "shown", "status");
    }
    assertThat(status.err()).isEmpty();
    List<String> lines = status.out().lines().toList();
    assertThat(lines.get(2)).endsWith("epoch  in ClickHouse  held by");
    String checkpoint = ProgressLine.count(both.verify().compared().getFirst().checkpoint());
    assertThat(lines.get(3).split(" +"))
        .startsWith("1337", "299", checkpoint)
        .endsWith(checkpoint, "nobody");
  }

  @Test
  void status_startsNoClickHouse() throws Exception {
    TwoStores both = new TwoStores("still", data, TwoStores.shared("still"));
    assertThat(both.run()).isEmpty();
    Path directory = data.resolve("clickhouse");
    EmbeddedClickHouse.start(directory, ClickHouseSettings.standard()).stop();

    Captured status = command(ExitCode.DONE, both.indexer, "still", "status");

    assertThat(EmbeddedClickHouse.isRunning(directory)).isFalse();
    assertThat(status.err()).contains("embedded ClickHouse is stopped and was not asked");
    assertThat(status.out().lines().toList().get(2)).endsWith("epoch  held by");
  }

  @Test
  void sql_asksTheMirrorAndReportsAnErrorHoweverLateItComes() throws Exception {
    TwoStores both = new TwoStores("asked", data, TwoStores.shared("asked"));
    assertThat(both.run()).isEmpty();

    assertThat(
            ask(ExitCode.DONE, "SELECT sum(balance) AS total, 'Code: 1. a' AS text FROM account"))
        .isEqualTo("total\ttext\n0\tCode: 1. a\n");
    assertThat(ask(ExitCode.DONE, "SELECT min(address) AS zero FROM account"))
        .isEqualTo("zero\n0x" + "00".repeat(20) + "\n");
    assertThat(ask(ExitCode.MISUSE, "DROP TABLE millrace_rows_account"))
        .startsWith("millrace: query was refused: Code: ")
        .contains("readonly");
    String late =
        ask(
            ExitCode.MISUSE,
            "SELECT number, throwIf(number = 200000, 'too far') AS ok FROM numbers(300000)"
                + " SETTINGS max_block_size = 1000");
    assertThat(late)
        .startsWith("number\tok\n0\t0\n")
        .contains("\n9999\t0\n", "millrace: query was refused: Code: 395. DB::Exception: too far")
        .doesNotContain("__exception__");
  }

  /** Returns the standard output, followed by the standard error. */
  private static String ask(int code, String query) throws Exception {
    Captured asked =
        command(code, TwoStores.shared("asked"), "asked", "sql", "--clickhouse", query);
    return asked.out() + asked.err();
  }

  @Test
  void clickhouse_thatIsNotThereIsWorthARestart() throws Exception {
    int closed;
    try (ServerSocket free = new ServerSocket(0)) {
      closed = free.getLocalPort();
    }
    TwoStores both = new TwoStores("away", data, TwoStores.shared("away"));
    Config away =
        both.config.withClickHouse(
            Optional.of(
                new Config.ClickHouse(
                    new Config.ClickHouse.Server(
                        "http://127.0.0.1:" + closed, Optional.empty(), Optional.of("hush")),
                    "away",
                    Storage.BOTH)));
    MillraceException refused =
        catchThrowableOfType(MillraceException.class, () -> both.run(away, Failpoint.NONE));
    assertThat(ExitCode.of(refused)).isEqualTo(ExitCode.RESTART);
    assertThat(refused)
        .hasMessageContaining("ClickHouse cannot be opened: url=http://127.0.0.1:" + closed)
        .hasMessageNotContaining("hush");
  }

  @Test
  void verify_readsWhileTheIndexerWrites() {
    TwoStores both = new TwoStores("live", data, TwoStores.shared("live"));
    // Both the mirror and the commit thread add to it.
    List<VerificationResult> seen = new CopyOnWriteArrayList<>();
    Failpoint looking =
        (point, number) -> {
          boolean isBetween =
              point == Failpoint.Point.MIRRORED
                  || point == Failpoint.Point.BEFORE_COMMIT
                  || point == Failpoint.Point.BEFORE_PUBLISH;
          if (isBetween && number % 5 == 2) {
            seen.add(both.verify());
          }
        };
    assertThat(both.run(both.config, looking)).isEmpty();
    both.chain.fork(20, 30);
    assertThat(both.run(both.config, looking)).isEmpty();
    assertThat(seen).hasSizeGreaterThan(3);
    assertThat(seen).allSatisfy(found -> assertThat(found.isEqual()).as(found.toString()).isTrue());
  }

  @Test
  @Tag("K4")
  @DisplayName(
      "K4 PostgreSQL holds no transaction open while a ClickHouse that hangs is waited for")
  void postgres_holdsNoTransactionWhileTheMirrorWaits() throws Exception {
    TwoStores both = new TwoStores("hanging", data, TwoStores.shared("hanging"));
    CountDownLatch hangs = new CountDownLatch(1);
    try (ConfiguredDatabase database = ConfiguredDatabase.open(both.config);
        MirrorDatabase mirror = MirrorDatabase.open(both.config);
        Connection connection = PostgresSessions.connect(database.settings());
        ExecutorService runs = Executors.newVirtualThreadPerTaskExecutor()) {
      long engine = mirror.embedded().orElseThrow().pid().orElseThrow();
      Failpoint hanging =
          (point, number) -> {
            if (point == Failpoint.Point.BEFORE_MIRROR && number >= 5 && hangs.getCount() > 0) {
              signal("STOP", engine);
              hangs.countDown();
            }
          };
      Future<Optional<String>> run = runs.submit(() -> both.run(both.config, hanging));
      try {
        hangs.await();
        assertThat(PostgresSessions.list(connection))
            .isNotEmpty()
            .allSatisfy(backend -> assertThat(backend).doesNotStartWith("open for "));
        assertThat(run.isDone()).isFalse();
      } finally {
        signal("CONT", engine);
      }
      assertThat(run.get()).isEmpty();
    }
    assertThat(both.verify().isEqual()).isTrue();
  }

  private static void signal(String name, long pid) {
    try {
      new ProcessBuilder("kill", "-" + name, Long.toString(pid)).start().waitFor();
    } catch (IOException | InterruptedException failed) {
      throw new AssertionError(failed);
    }
  }

  @Test
  @Tag("K1")
  @Tag("K7")
  @DisplayName("K1 K7 Crashes around the mirror and restarts far from the head leave both equal")
  void crashes_leaveBothStoresEqual() {
    TwoStores both = new TwoStores("crashing", data, TwoStores.shared("crashing"));
    for (Failpoint.Point point :
        List.of(
            Failpoint.Point.MIRRORING,
            Failpoint.Point.MIRRORED,
            Failpoint.Point.BEFORE_COMMIT,
            Failpoint.Point.AFTER_COMMIT,
            Failpoint.Point.BEFORE_PUBLISH,
            Failpoint.Point.PUBLISHING)) {
      int[] passed = {0};
      Failpoint crash =
          (at, _) -> {
            if (at == point && ++passed[0] == 3) {
              throw new IllegalStateException("told to crash at " + point);
            }
          };
      Optional<String> failure = both.run(both.config, crash);
      assertThat(failure).as("at %s", point).isPresent();
      VerificationResult found = both.verify();
      assertThat(found.isEqual()).as("after a crash at %s: %s", point, found).isTrue();
    }
    assertThat(both.run()).isEmpty();
    assertThat(both.verify().isEqual()).isTrue();
  }

  @Test
  void verify_thatCannotCompareSaysWhy() throws Exception {
    EvmIndexer indexer = TwoStores.shared("alone");
    Path file = Files.writeString(data.resolve("alone.yaml"), yaml("alone", ""));
    Captured off = Samples.shell(data, Map.of());
    assertThat(commands(indexer, off.shell()).execute("verify", "--config", file.toString()))
        .isEqualTo(ExitCode.MISUSE);
    assertThat(off.err()).contains("config names no ClickHouse: name=alone", "url: embedded");

    Captured empty = command(ExitCode.MISUSE, TwoStores.shared("nothing"), "nothing", "verify");
    assertThat(empty.err()).contains("nothing is indexed yet, begin with `millrace run`");
  }

  private static CommandLineRunner commands(Indexer indexer, CliEnvironment shell) {
    return new CommandLineRunner(
        shell,
        List.of(
            new CommandExtension() {
              @Override
              public List<Indexer> indexers() {
                return List.of(indexer);
              }
            }));
  }

  /** Runs a command that must end with this code. */
  private static Captured command(int code, Indexer indexer, String name, String... words)
      throws Exception {
    Path file =
        Files.writeString(
            data.resolve(name + ".yaml"), yaml(name, "clickhouse: { url: embedded }\n"));
    Captured captured = Samples.shell(data, Map.of());
    List<String> line = new ArrayList<>(List.of(words));
    line.addAll(List.of("--config", file.toString(), "--data-dir", data.toString()));
    assertThat(commands(indexer, captured.shell()).execute(line.toArray(String[]::new)))
        .as(captured.err())
        .isEqualTo(code);
    return captured;
  }

  private static String yaml(String name, String more) {
    return """
    name: %s
    %schains:
      - id: 1337
        rpc: "dev://chain"
    """
        .formatted(name, more);
  }
}
