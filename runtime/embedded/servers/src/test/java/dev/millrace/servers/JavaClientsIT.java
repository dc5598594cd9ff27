package dev.millrace.servers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.clickhouse.client.api.Client;
import com.clickhouse.client.api.ServerException;
import com.clickhouse.client.api.data_formats.ClickHouseBinaryFormatReader;
import com.clickhouse.client.api.insert.InsertResponse;
import com.clickhouse.client.api.insert.InsertSettings;
import com.clickhouse.client.api.metrics.ServerMetrics;
import com.clickhouse.client.api.query.QueryResponse;
import com.clickhouse.client.api.query.QuerySettings;
import com.clickhouse.data.ClickHouseFormat;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Unmodified third-party clients work with the engine as with any ClickHouse. */
@Timeout(120)
@ExtendWith(TestEngines.WhereTheLibraryIs.class)
@SuppressWarnings("try") // Tests are not interrupted, though the clients declare it.
final class JavaClientsIT {
  private static final int MANY = 300_000;

  @TempDir static Path root;
  private static EmbeddedClickHouse server;

  @BeforeAll
  static void start() {
    server = TestEngines.start(root);
  }

  @AfterAll
  static void stop() {
    server.stop();
  }

  @Test
  void clientV2_createsInsertsSelectsStreamsAndFails() throws Exception {
    try (Client client =
        new Client.Builder()
            .addEndpoint(server.url())
            .setUsername(server.user())
            .setPassword(server.password())
            .build()) {
      assertThat(client.ping()).isTrue();
      client
          .execute("CREATE TABLE v2 (id UInt64, name String) ENGINE = MergeTree ORDER BY id")
          .get();

      byte[] rows = "1\tone\n2\ttwo\n".getBytes(StandardCharsets.UTF_8);
      try (InsertResponse inserted =
          client
              .insert(
                  "v2", new ByteArrayInputStream(rows), ClickHouseFormat.TSV, new InsertSettings())
              .get()) {
        assertThat(inserted.getWrittenRows()).isEqualTo(2);
      }
      assertThat(client.queryAll("SELECT name FROM v2 ORDER BY id"))
          .extracting(row -> row.getString("name"))
          .containsExactly("one", "two");
      assertThat(
              client
                  .queryAll("SELECT name FROM v2 WHERE id = {id:UInt64}", Map.of("id", 2))
                  .getFirst()
                  .getString(1))
          .isEqualTo("two");

      try (QueryResponse response =
              client
                  .query("SELECT number, toString(number) AS s FROM numbers(" + MANY + ")")
                  .get();
          ClickHouseBinaryFormatReader reader = client.newBinaryFormatReader(response)) {
        long sum = 0;
        while (reader.hasNext()) {
          reader.next();
          sum += reader.getLong("number");
        }
        assertThat(sum).isEqualTo((long) MANY * (MANY - 1) / 2);
        assertThat(response.getMetrics().getMetric(ServerMetrics.NUM_ROWS_READ)).isNotNull();
      }

      assertThatThrownBy(() -> client.query("SELECT * FROM nowhere").get())
          .isInstanceOfSatisfying(ServerException.class, e -> assertThat(e.getCode()).isEqualTo(60))
          .hasMessageContaining("UNKNOWN_TABLE");
      // Fails after rows have been sent.
      assertThatThrownBy(
              () -> {
                try (QueryResponse response =
                        client
                            .query("SELECT number, throwIf(number = 3000000) FROM numbers(4000000)")
                            .get();
                    ClickHouseBinaryFormatReader reader = client.newBinaryFormatReader(response)) {
                  while (reader.hasNext()) {
                    reader.next();
                  }
                }
              })
          .isInstanceOf(Exception.class);
    }
  }

  @Test
  void clientV2_mayCompressWhatItSends() throws Exception {
    try (Client client =
        new Client.Builder()
            .addEndpoint(server.url())
            .setUsername(server.user())
            .setPassword(server.password())
            .compressClientRequest(true)
            .build()) {
      assertThat(client.queryAll("SELECT 1 AS one").getFirst().getLong("one")).isEqualTo(1);
    }
  }

  @Test
  void clientV2_takesSettingsAndADatabaseForOneQuery() throws Exception {
    try (Client client =
        new Client.Builder()
            .addEndpoint(server.url())
            .setUsername(server.user())
            .setPassword(server.password())
            .setDefaultDatabase("system")
            .build()) {
      QuerySettings settings =
          new QuerySettings().serverSetting("max_threads", "1").setQueryId("mine");
      try (QueryResponse response =
          client
              .query("SELECT getSetting('max_threads'), currentDatabase() FORMAT TSV", settings)
              .get()) {
        assertThat(new String(response.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
            .isEqualTo("1\tsystem\n");
        assertThat(response.getQueryId()).isEqualTo("mine");
      }
    }
  }

  @Test
  void clientV2_isRefusedWithAWrongPassword() {
    try (Client client =
        new Client.Builder()
            .addEndpoint(server.url())
            .setUsername(server.user())
            .setPassword("wrong")
            .build()) {
      assertThatThrownBy(() -> client.query("SELECT 1").get())
          .isInstanceOfSatisfying(
              ServerException.class, e -> assertThat(e.getCode()).isEqualTo(516));
    }
  }

  @Test
  void jdbc_createsInsertsSelectsStreamsAndFails() throws Exception {
    Properties properties = new Properties();
    properties.setProperty("user", server.user());
    properties.setProperty("password", server.password());
    String url = "jdbc:clickhouse:" + server.url() + "/default";
    try (Connection connection = DriverManager.getConnection(url, properties);
        Statement statement = connection.createStatement()) {
      assertThat(connection.getMetaData().getDatabaseProductVersion()).startsWith("26.");
      statement.execute("CREATE TABLE j (id UInt64, name String) ENGINE = MergeTree ORDER BY id");
      try (PreparedStatement insert = connection.prepareStatement("INSERT INTO j VALUES (?, ?)")) {
        for (int i = 1; i <= 3; i++) {
          insert.setLong(1, i);
          insert.setString(2, "it's; " + i);
          insert.addBatch();
        }
        assertThat(insert.executeBatch()).containsExactly(1, 1, 1);
      }
      try (PreparedStatement select =
          connection.prepareStatement("SELECT name FROM j WHERE id = ?")) {
        select.setLong(1, 2);
        try (ResultSet rows = select.executeQuery()) {
          rows.next();
          assertThat(rows.getString(1)).isEqualTo("it's; 2");
        }
      }
      try (ResultSet rows = statement.executeQuery("SELECT number FROM numbers(" + MANY + ")")) {
        long sum = 0;
        while (rows.next()) {
          sum += rows.getLong(1);
        }
        assertThat(sum).isEqualTo((long) MANY * (MANY - 1) / 2);
      }
      assertThatThrownBy(() -> statement.executeQuery("SELECT * FROM nowhere"))
          .isInstanceOf(SQLException.class)
          .hasMessageContaining("UNKNOWN_TABLE");
      try (ResultSet tables = connection.getMetaData().getTables(null, "default", "j", null)) {
        assertThat(tables.next()).isTrue();
      }
    }
  }
}
