package dev.millrace.clickhouse;

import com.clickhouse.client.api.Client;
import com.clickhouse.client.api.ClientFaultCause;
import com.clickhouse.client.api.command.CommandSettings;
import com.clickhouse.client.api.insert.InsertSettings;
import com.clickhouse.client.api.query.QueryResponse;
import com.clickhouse.client.api.query.QuerySettings;
import com.clickhouse.data.ClickHouseFormat;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.io.IOException;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.function.Supplier;

/** One database of a ClickHouse, spoken to over HTTP. Every call waits for its answer. */
final class Server implements AutoCloseable {
  private static final long CONNECT_MILLIS = 10_000;

  private final Client client;

  /** Reads what a query answers. */
  @FunctionalInterface
  interface Reader<T> {
    T read(RowInput rows) throws IOException;
  }

  Server(MirrorSettings settings) {
    this(settings, settings.database());
  }

  /** With a database that is surely there, to create the other. */
  Server(MirrorSettings settings, String database) {
    this.client =
        new Client.Builder()
            .addEndpoint(settings.url())
            .setUsername(settings.user())
            .setPassword(settings.password())
            .setDefaultDatabase(database)
            .setConnectTimeout(CONNECT_MILLIS)
            .setSocketTimeout(settings.timeout().toMillis())
            .setExecutionTimeout(settings.timeout().toMillis(), ChronoUnit.MILLIS)
            .compressServerResponse(false)
            .compressClientRequest(false)
            // Who calls us decides what is tried again, and when; but for a 429 or 503, which the
            // layer below sends again once.
            .setMaxRetries(0)
            .retryOnFailures(ClientFaultCause.None)
            .build();
  }

  void execute(String doing, String sql) {
    ended(doing, () -> client.execute(sql));
  }

  void execute(String doing, String sql, Map<String, String> settings) {
    CommandSettings asked = new CommandSettings();
    settings.forEach(asked::serverSetting);
    ended(doing, () -> client.execute(sql, asked));
  }

  <T> T query(String doing, String sql, Reader<T> reader) {
    return query(doing, sql, Map.of(), reader);
  }

  <T> T query(String doing, String sql, Map<String, String> settings, Reader<T> reader) {
    QuerySettings asked = new QuerySettings().setFormat(ClickHouseFormat.RowBinary);
    settings.forEach(asked::serverSetting);
    try {
      QueryResponse rows = client.query(sql, asked).get();
      try {
        return reader.read(new RowInput(rows.getInputStream()));
      } finally {
        rows.close();
      }
    } catch (Exception failed) {
      throw translated(doing, failed);
    }
  }

  /** Rows of all columns of a table, in the order in which they were declared. */
  void insert(
      String doing,
      String table,
      List<String> columns,
      RowBuffer rows,
      Map<String, String> settings) {
    InsertSettings asked = new InsertSettings();
    settings.forEach(asked::serverSetting);
    ended(
        doing,
        () ->
            client.insert(
                Sql.name(table),
                columns.stream().map(Sql::name).toList(),
                out -> {
                  out.write(rows.bytes(), 0, rows.length());
                  out.flush();
                },
                ClickHouseFormat.RowBinary,
                asked));
  }

  /** The client throws where it stands, or when its answer is asked for. */
  private static void ended(
      String doing, Supplier<? extends Future<? extends AutoCloseable>> call) {
    try {
      call.get().get().close();
    } catch (Exception failed) {
      throw translated(doing, failed);
    }
  }

  private static MillraceException translated(String doing, Exception failed) {
    if (failed instanceof InterruptedException) {
      Thread.currentThread().interrupt();
      return new MillraceException(Remedy.RESTART, doing + " was interrupted", failed);
    }
    return ClickHouseErrors.translate(doing, failed);
  }

  /** Ends calls in flight. */
  @Override
  public void close() {
    client.close();
  }
}
