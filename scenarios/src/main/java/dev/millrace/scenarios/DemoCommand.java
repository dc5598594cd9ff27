package dev.millrace.scenarios;

import dev.millrace.app.CliEnvironment;
import dev.millrace.app.ForegroundRun;
import dev.millrace.app.MirrorSqlClient;
import dev.millrace.clickhouse.ClickHouseMirror;
import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.config.Config;
import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.devnode.DevNode;
import dev.millrace.evm.SourceOptions;
import dev.millrace.lane.LaneSettings;
import dev.millrace.loaders.Storage;
import dev.millrace.pipeline.TimingSummary;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.runner.ConfiguredDatabase;
import dev.millrace.runner.ExitCode;
import dev.millrace.runner.IndexerRuntime;
import dev.millrace.runner.MirrorDatabase;
import dev.millrace.servers.EmbeddedClickHouse;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.net.URI;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Indexes a dev chain with the ERC-20 scenario into two embedded stores, from nothing to tables to
 * look at.
 */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description = {
      "Indexes a dev chain into an embedded PostgreSQL and ClickHouse, and shows what came of it.",
      "Without npm there is no ClickHouse, unless MILLRACE_CHDB names its library."
    })
final class DemoCommand implements Callable<Integer> {
  private static final String SCHEMA = "demo";
  private static final int DECIMALS = 18;
  private static final int STRETCHES = 5;

  /** The blocks of a demo come faster than those of a real chain. */
  private static final Duration POLL = Duration.ofMillis(100);

  private final CliEnvironment shell;

  @Option(
      names = "--blocks",
      paramLabel = "N",
      defaultValue = "20000",
      description =
          "Length of the chain, with 25 events per block; 7 at least. Default: ${DEFAULT-VALUE}.")
  private long blocks;

  @Option(
      names = {"-d", "--data-dir"},
      paramLabel = "DIR",
      description = "Where everything that Millrace keeps on disk lives. Default: .millrace.")
  private @Nullable Path dataDir;

  DemoCommand(CliEnvironment shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() throws SQLException {
    CommandOptionBounds.within(
        "--blocks", DemoChainScript.MIN_BLOCKS, CommandOptionBounds.MAX_BLOCKS, blocks);
    return index(new DevChain(DevChainSettings.DEFAULTS.withBlocks(blocks)));
  }

  int index(DevChain chain) throws SQLException {
    Path directory = shell.resolve(dataDir == null ? Path.of(".millrace") : dataDir);
    try (DevNode node = DevNode.open(chain)) {
      Config config = config(directory, node.url());
      shell
          .err()
          .printf(
              Locale.ROOT,
              """
              millrace: demo: a dev chain of %,d blocks behind JSON-RPC at %s, \
              the ERC-20 indexer, PostgreSQL%s in %s
              """,
              chain.head() + 1,
              node.url(),
              config.clickhouse().isPresent() ? " and ClickHouse" : "",
              directory);
      EmbeddedClickHouse.missing()
          .ifPresent(why -> shell.err().println("millrace: demo: no ClickHouse: " + why));
      try (ConfiguredDatabase database = ConfiguredDatabase.open(config)) {
        PostgresStore.reset(database.settings(), SCHEMA);
        return config.clickhouse().isPresent()
            ? runMirrored(config, chain, database.settings())
            : run(config, chain, database.settings(), Optional.empty());
      }
    }
  }

  private int runMirrored(Config config, DevChain chain, DatabaseSettings database)
      throws SQLException {
    try (MirrorDatabase mirror = MirrorDatabase.open(config)) {
      ClickHouseMirror.reset(mirror.settings());
      return run(config, chain, database, Optional.of(mirror.settings()));
    }
  }

  private int run(
      Config config, DevChain chain, DatabaseSettings database, Optional<MirrorSettings> mirror)
      throws SQLException {
    IndexerRuntime runtime = IndexerRuntime.of(Erc20.indexer(), config);
    DemoChainScript play = DemoChainScript.start(chain, runtime, shell);
    int code = ForegroundRun.run(runtime, shell);
    Optional<DemoChainScript.Course> course = play.course();
    if (code == ExitCode.DONE && course.isPresent()) {
      show(database, course.get(), chain);
      mirror.ifPresent(this::analyse);
      howToAsk(database, config.dataDir(), mirror);
    }
    return code;
  }

  private static Config config(Path directory, String endpoint) {
    Config.Chain chain =
        new Config.Chain(
            DevChain.ID,
            List.of(new Config.Endpoint(URI.create(endpoint))),
            new Config.IndexedRange(
                0,
                new Config.End.Open(),
                new Config.Finality(
                    Optional.of(Config.Finality.Tag.FINALIZED), OptionalInt.empty())),
            List.of(new Config.Contract("Token", List.of(DevChain.TOKEN))),
            SourceOptions.DEFAULTS.withPoll(POLL).withCacheBytes(0), // every run goes over the wire
            Config.Origin.NONE);
    Optional<Config.ClickHouse> mirror =
        EmbeddedClickHouse.missing().isPresent()
            ? Optional.empty()
            : Optional.of(
                new Config.ClickHouse(new Config.ClickHouse.Embedded(), SCHEMA, Storage.BOTH));
    return new Config(
        SCHEMA,
        new Config.Stores(new Config.Postgres.Embedded(), mirror),
        List.of(chain),
        LaneSettings.defaults(),
        OptionalInt.empty(),
        directory);
  }

  private void show(DatabaseSettings database, DemoChainScript.Course course, DevChain chain)
      throws SQLException {
    pace(course.backfill());
    reorg(course);
    try (Connection connection = TableDigests.connect(database);
        Statement statement = connection.createStatement()) {
      statement.execute("SET search_path TO " + TableDigests.quoted(SCHEMA));
      accounts(statement, chain);
    }
  }

  /** Runs a query that a row store is slow at, on the view in ClickHouse. */
  private void analyse(MirrorSettings mirror) {
    shell.out().printf("%nThe same transfers in ClickHouse, by stretches of blocks%n");
    long begun = System.nanoTime();
    List<List<String>> rows = new ArrayList<>();
    String sql =
        """
        SELECT intDiv(block, %1$d) * %1$d AS "from block", count() AS transfers,
               uniqExact(from) AS senders, round(toFloat64(sum(value)) / 1e18, 4) AS "tokens moved",
               round(quantile(0.5)(toFloat64(value)) / 1e18, 4) AS "median transfer"
          FROM transfer GROUP BY 1 ORDER BY 1
        """
            .formatted(Math.max(1, blocks / STRETCHES));
    MirrorSqlClient.ask(mirror, sql, rows::add);
    double millis = (System.nanoTime() - begun) / 1e6;
    for (List<String> row : rows) {
      shell.out().printf("  %12s  %10s  %9s  %22s  %18s%n", row.toArray());
    }
    shell.out().printf(Locale.ROOT, "  asked and answered in %.0f ms%n", millis);
  }

  private void accounts(Statement statement, DevChain chain) throws SQLException {
    shell.out().printf("%nTop accounts%n");
    String sql = "SELECT address, balance, transfers FROM account ORDER BY balance DESC LIMIT 5";
    try (ResultSet rows = statement.executeQuery(sql)) {
      while (rows.next()) {
        shell
            .out()
            .printf(
                Locale.ROOT,
                "  0x%s  %,20.4f tokens  %,9d transfers%n",
                HexFormat.of().formatHex(rows.getBytes(1)),
                tokens(rows.getBigDecimal(2)),
                rows.getLong(3));
      }
    }
    String totals = "SELECT count(*), sum(balance), (SELECT count(*) FROM transfer) FROM account";
    try (ResultSet rows = statement.executeQuery(totals)) {
      rows.next();
      shell
          .out()
          .printf(
              Locale.ROOT,
              """
                %,d accounts and %,d transfers, of which the surviving branch tells %,d;
                all balances together: %s (one account loses what another gets)
              """,
              rows.getLong(1),
              rows.getLong(3),
              transfers(chain),
              rows.getBigDecimal(2).round(MathContext.UNLIMITED).toPlainString());
    }
  }

  private static long transfers(DevChain chain) {
    return LongStream.rangeClosed(0, chain.head())
        .mapToObj(chain::logs)
        .flatMap(List::stream)
        .filter(log -> log.contract().equals(DevChain.TOKEN))
        .count();
  }

  private static BigDecimal tokens(BigDecimal amount) {
    return amount.movePointLeft(DECIMALS).setScale(4, RoundingMode.DOWN);
  }

  private void pace(TimingSummary timings) {
    double seconds = timings.wallNanos() / 1e9;
    shell
        .out()
        .printf(
            Locale.ROOT,
            """

            Pace until it had caught up
              %,d events/s: %,d events in %.2f s, durable in %d transactions
              handlers %.2f s, copies to ClickHouse %.2f s and commits %.2f s side by side: \
            %.2f times as fast as one after the other (%.2f is the most that can be)
            """,
            Math.round(timings.events() / seconds),
            timings.events(),
            seconds,
            timings.groups(),
            timings.executeNanos() / 1e9,
            timings.mirrorNanos() / 1e9,
            timings.commitNanos() / 1e9,
            timings.overlap(),
            timings.bound());
  }

  private void reorg(DemoChainScript.Course course) {
    shell
        .out()
        .printf(
            Locale.ROOT,
            """

            Reorg
              while it followed the chain, the %,d blocks above block %,d were replaced by %,d others
              their rows were taken back in %.0f ms; %.0f ms later the new branch was durable
            """,
            course.replaced(),
            course.shared(),
            course.came(),
            course.undoing().toNanos() / 1e6,
            course.catchingUp().toNanos() / 1e6);
  }

  private void howToAsk(
      DatabaseSettings database, Path directory, Optional<MirrorSettings> mirror) {
    String where = dataDir == null ? "" : " --data-dir " + directory;
    shell
        .out()
        .printf(
            """

            Ask the tables
              ./millrace sql --schema %s%s "SELECT * FROM account ORDER BY balance DESC LIMIT 10"
              or, while a millrace runs: %s  (user %s; the password is in %s)
            """,
            SCHEMA,
            where,
            database.url(),
            database.user(),
            directory.resolve("postgres").resolve("password"));
    mirror.ifPresent(there ->
        shell
            .out()
            .printf(
                """
                  ./millrace sql --schema %s%s --clickhouse "SELECT count() FROM account_history"
                """,
                SCHEMA, where));
  }
}
