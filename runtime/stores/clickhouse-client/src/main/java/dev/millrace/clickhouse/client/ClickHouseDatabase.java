package dev.millrace.clickhouse.client;

import com.clickhouse.client.api.Client;
import com.clickhouse.client.api.ClientFaultCause;
import com.clickhouse.client.api.command.CommandResponse;
import com.clickhouse.client.api.command.CommandSettings;
import com.clickhouse.client.api.insert.InsertResponse;
import com.clickhouse.client.api.insert.InsertSettings;
import com.clickhouse.client.api.query.QueryResponse;
import com.clickhouse.client.api.query.QuerySettings;
import com.clickhouse.data.ClickHouseFormat;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.io.IOException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A ClickHouse database over HTTP. Every call waits for its answer, and for no longer than the
 * timeout; an insert has a second more for each megabyte. After a call that missed its deadline the
 * next ones have twice the time, until one is answered. Any thread.
 *
 * <p>A response counts only if it names the id of its query: a 200 may be the page of a proxy, and
 * the rows of the insert would be lost.
 */
public final class ClickHouseDatabase implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ClickHouseDatabase.class);
  private static final long CONNECT_MILLIS = 10_000;
  private static final int BYTES_PER_SECOND = 1 << 20;
  private static final String QUERY_ID = "X-ClickHouse-Query-Id";
  private static final int MAX_TIMEOUT_FACTOR = 8;

  private final MirrorSettings settings;
  private final String database;
  private volatile Connections connections;

  /** The factor by which deadlines are longer than the timeout. */
  private volatile int timeoutFactor = 1;

  /** Reads the rows of a query. */
  @FunctionalInterface
  public interface Reader<T> {
    T read(RowBinaryInput rows) throws IOException;
  }

  @FunctionalInterface
  private interface Call<T> {
    T make(Client client) throws Exception;
  }

  /** The connections of one client, until a call on one of them has missed its deadline. */
  private static final class Connections {
    private final Client client;
    private volatile boolean expired;

    Connections(Client client) {
      this.client = client;
    }

    void expire() {
      expired = true;
      client.close();
    }
  }

  public ClickHouseDatabase(MirrorSettings settings) {
    this(settings, settings.database());
  }

  /** Connects to an existing database, in order to create another one. */
  public ClickHouseDatabase(MirrorSettings settings, String database) {
    this.settings = settings;
    this.database = database;
    this.connections = connect();
  }

  private Connections connect() {
    return new Connections(
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
            // The caller decides what is tried again, and when; except a 429 or 503, which the
            // layer below sends again once.
            .setMaxRetries(0)
            .retryOnFailures(ClientFaultCause.None)
            .build());
  }

  public void execute(String doing, String sql) {
    execute(doing, sql, Map.of());
  }

  public void execute(String doing, String sql, Map<String, String> settings) {
    CommandSettings asked = new CommandSettings();
    settings.forEach(asked::serverSetting);
    String id = newId();
    asked.setQueryId(id);
    within(
        doing,
        this.settings.timeout(),
        client -> {
          CommandResponse answer = client.execute(sql, asked).get();
          try {
            requireAnswer(doing, id, answer.getResponseHeaders());
            return true;
          } finally {
            answer.close();
          }
        });
  }

  public <T> T query(String doing, String sql, Reader<T> reader) {
    return query(doing, sql, Map.of(), reader);
  }

  /**
   * Runs a query. Its rows may take longer than the timeout, as long as the server goes on sending.
   */
  public <T> T query(String doing, String sql, Map<String, String> settings, Reader<T> reader) {
    QuerySettings asked = new QuerySettings().setFormat(ClickHouseFormat.RowBinary);
    settings.forEach(asked::serverSetting);
    String id = newId();
    asked.setQueryId(id);
    Connections used = connections;
    try {
      QueryResponse rows =
          within(doing, this.settings.timeout(), client -> client.query(sql, asked).get());
      boolean whole = false;
      try {
        requireAnswer(doing, id, rows.getResponseHeaders());
        T answer =
            reader.read(
                new RowBinaryInput(
                    new MinRateInputStream(rows.getInputStream(), this.settings.timeout())));
        whole = true;
        return answer;
      } finally {
        if (whole) {
          rows.close();
        } else {
          abandon(used, rows);
        }
      }
    } catch (Exception failed) {
      throw translated(doing, failed);
    }
  }

  /** Closes the client first: closing a response reads the rest of it, which may take for ever. */
  private void abandon(Connections used, QueryResponse rows) {
    used.expire();
    renew(used);
    try {
      rows.close();
    } catch (Exception ended) {
      LOG.debug("answer was ended", ended);
    }
  }

  /** Inserts rows with all columns of a table, in their declared order. */
  public void insert(
      String doing,
      String table,
      List<String> columns,
      RowBinaryBuffer rows,
      Map<String, String> settings) {
    InsertSettings asked = new InsertSettings();
    settings.forEach(asked::serverSetting);
    String id = newId();
    asked.setQueryId(id);
    within(
        doing,
        this.settings.timeout().plusSeconds(rows.length() / BYTES_PER_SECOND),
        client -> {
          try (InsertResponse answer =
              client
                  .insert(
                      ClickHouseSql.name(table),
                      columns.stream().map(ClickHouseSql::name).toList(),
                      out -> {
                        out.write(rows.bytes(), 0, rows.length());
                        out.flush();
                      },
                      ClickHouseFormat.RowBinary,
                      asked)
                  .get()) {
            requireAnswer(doing, id, answer.getResponseHeaders());
            return true;
          }
        });
  }

  private static String newId() {
    return UUID.randomUUID().toString();
  }

  private static void requireAnswer(String doing, String id, Map<String, String> headers) {
    boolean isOfQuery =
        headers.entrySet().stream()
            .anyMatch(header ->
                header.getKey().equalsIgnoreCase(QUERY_ID) && id.equals(header.getValue()));
    if (!isOfQuery) {
      throw new MillraceException(
          Remedy.RETRY,
          doing + " failed: answer is none of ClickHouse, a proxy may have given it: query=" + id);
    }
  }

  private <T> T within(String doing, Duration defaults, Call<T> call) {
    Connections used = connections;
    Duration limit = defaults.multipliedBy(timeoutFactor);
    try (CallDeadline deadline = CallDeadline.in(limit, used::expire)) {
      T made = call.make(used.client);
      if (!deadline.meet()) {
        renew(used);
      }
      timeoutFactor = 1;
      return made;
    } catch (Exception failed) {
      if (used.expired) {
        renew(used);
        timeoutFactor = Math.min(MAX_TIMEOUT_FACTOR, 2 * timeoutFactor);
        throw new MillraceException(
            Remedy.RETRY,
            "%s failed: no answer in time: seconds=%d".formatted(doing, limit.toSeconds()),
            failed);
      }
      throw translated(doing, failed);
    }
  }

  private synchronized void renew(Connections expired) {
    if (connections == expired) {
      connections = connect();
    }
  }

  private static MillraceException translated(String doing, Exception failed) {
    if (failed instanceof MillraceException known) {
      return known;
    }
    if (failed instanceof InterruptedException) {
      Thread.currentThread().interrupt();
      return new MillraceException(Remedy.RESTART, doing + " was interrupted", failed);
    }
    return ClickHouseErrors.translate(doing, failed);
  }

  /** Closes the connections; calls in flight fail. */
  @Override
  public void close() {
    connections.client.close();
  }
}
