package dev.millrace.app;

import dev.millrace.config.Config;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.Storage;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.postgres.client.SingleStatementCheck;
import dev.millrace.runner.ConfiguredDatabase;
import dev.millrace.runner.ExitCode;
import dev.millrace.runner.MirrorDatabase;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Runs a query. An embedded server stops when no process uses it, so even a query has to start it.
 */
@Command(
    name = "sql",
    mixinStandardHelpOptions = true,
    description = {
      "Runs one query over an indexer's tables and prints the rows, tab by tab.",
      "Nothing can be changed by it."
    })
final class SqlCommand implements Callable<Integer> {
  private final CliEnvironment shell;

  @Mixin private final CommonOptions options = new CommonOptions();

  @Option(
      names = "--schema",
      paramLabel = "NAME",
      description =
          "The indexer's name. Default: the one in the config; needed when there is no config.")
  private @Nullable String schema;

  @Option(
      names = "--clickhouse",
      description = "Asks the mirror in ClickHouse instead, whose views show what is committed.")
  private boolean clickhouse;

  @Parameters(paramLabel = "QUERY", description = "For instance: \"SELECT count(*) FROM transfer\"")
  private String query = "";

  SqlCommand(CliEnvironment shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() {
    Config config = options.orEmbedded(shell, Optional.ofNullable(schema));
    if (clickhouse) {
      askMirror(config);
      return ExitCode.DONE;
    }
    if (!ConfiguredDatabase.mayHoldRows(config)) {
      throw new MillraceException(
          Remedy.FIX_SETUP, "nothing is indexed there yet: dataDir=" + config.dataDir());
    }
    try (ConfiguredDatabase database = ConfiguredDatabase.open(config);
        Connection connection = connect(database.settings());
        Statement statement = connection.createStatement()) {
      connection.setReadOnly(true);
      connection.setSchema(Optional.ofNullable(schema).orElse(config.name()));
      connection.setAutoCommit(false);
      statement.setFetchSize(1000);
      try (ResultSet rows = statement.executeQuery(SingleStatementCheck.of(query))) {
        print(rows);
      }
    } catch (SQLException refused) {
      throw new MillraceException(
          Remedy.FIX_SETUP, "query was refused: " + refused.getMessage(), refused);
    }
    return ExitCode.DONE;
  }

  /** Queries the mirror that the config names, or else the embedded one in the data directory. */
  private void askMirror(Config config) {
    String database = Optional.ofNullable(schema).orElse(config.name());
    Config asked =
        config.clickhouse().isPresent()
            ? config
            : config.withClickHouse(
                Optional.of(
                    new Config.ClickHouse(
                        new Config.ClickHouse.Embedded(), database, Storage.BOTH)));
    if (!MirrorDatabase.mayHoldRows(asked)) {
      throw new MillraceException(
          Remedy.FIX_SETUP, "nothing is mirrored there yet: dataDir=" + asked.dataDir());
    }
    try (MirrorDatabase mirror = MirrorDatabase.open(asked)) {
      MirrorSqlClient.ask(
          mirror.settings(), query, row -> shell.out().println(String.join("\t", row)));
    }
  }

  private static Connection connect(DatabaseSettings settings) throws SQLException {
    Properties properties = new Properties();
    Optional.ofNullable(settings.user()).ifPresent(user -> properties.setProperty("user", user));
    Optional.ofNullable(settings.password())
        .ifPresent(password -> properties.setProperty("password", password));
    return DriverManager.getConnection(settings.url(), properties);
  }

  private void print(ResultSet rows) throws SQLException {
    ResultSetMetaData columns = rows.getMetaData();
    StringBuilder line = new StringBuilder();
    for (int i = 1; i <= columns.getColumnCount(); i++) {
      line.append(i == 1 ? "" : "\t").append(columns.getColumnLabel(i));
    }
    shell.out().println(line);
    while (rows.next()) {
      line.setLength(0);
      for (int i = 1; i <= columns.getColumnCount(); i++) {
        line.append(i == 1 ? "" : "\t").append(text(rows.getObject(i)));
      }
      shell.out().println(line);
    }
  }

  private static String text(@Nullable Object value) {
    return switch (value) {
      case null -> "";
      case byte[] bytes -> "0x" + HexFormat.of().formatHex(bytes);
      default -> value.toString();
    };
  }
}
