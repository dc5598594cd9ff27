package dev.millrace.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.clickhouse.ClickHouseMirror;
import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.EventId;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.simulation.PeopleSimulation;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The odd values and ids of the test kit's simulation, over PostgreSQL and ClickHouse. */
@ExtendWith({EngineIsThere.class, SharedServers.class})
final class OddValuesIT {
  /** Each column as text that both servers and Java write alike, long ones as their digest. */
  private static final String IN_POSTGRES =
      """
      SELECT concat_ws(' ', id, md5(text), md5(key), encode(float8send(weight), 'hex'),
             COALESCE(amount::text, '-'), COALESCE(count::text, '-'),
             COALESCE(trim_scale(price)::text, '-'),
             COALESCE(floor(extract(epoch FROM seen) * 1000000)::text, '-'),
             md5(bytes), cardinality(tags), md5(array_to_string(tags, '|')))
        FROM parcel ORDER BY id
      """;

  private static final String IN_CLICKHOUSE =
      """
      SELECT concatWithSeparator(' ', toString(id), lower(hex(MD5(text))), lower(hex(MD5(key))),
             lower(hex(reverse(reinterpretAsFixedString(weight)))),
             ifNull(toString(amount), '-'), ifNull(toString(count), '-'),
             ifNull(toString(price), '-'),
             ifNull(toString(toUnixTimestamp64Micro(seen)), '-'),
             lower(hex(MD5(bytes))), toString(length(tags)),
             lower(hex(MD5(arrayStringConcat(tags, '|')))))
        FROM parcel ORDER BY id
      """;

  @Test
  @Tag("H4")
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  @DisplayName("H4 an odd value is read back from both stores, or is refused by its name")
  void oddValue_isReadBackOrRefused() throws Exception {
    PeopleSimulation simulation = PeopleSimulation.ofOddValues(1);
    String name = simulation.indexer().name();
    DatabaseSettings database = SharedServers.database();
    MirrorSettings mirror = SharedServers.mirror(name);
    PostgresStore.reset(database, name);
    ClickHouseMirror.reset(mirror);
    RealStores stores = new RealStores(simulation.indexer(), database, mirror);

    simulation.run(stores);

    assertThat(simulation.failures())
        .hasSizeGreaterThan(20)
        .allSatisfy(failure -> assertThat(failure).containsPattern("field=\\w+ |entity is null"));
    EntityType<?> parcel =
        simulation.indexer().entities().stream()
            .filter(type -> type.table().equals("parcel"))
            .findFirst()
            .orElseThrow();
    List<String> expected = describe(parcel, simulation);
    assertThat(expected).hasSizeGreaterThan(20);
    assertThat(inPostgres(database, name)).isEqualTo(expected);
    assertThat(stores.query(IN_CLICKHOUSE).lines()).isEqualTo(expected);
    ClickHouseMirror.reset(mirror);
    PostgresStore.reset(database, name);
  }

  private static <E> List<String> describe(EntityType<E> type, PeopleSimulation simulation)
      throws Exception {
    List<String> rows = new ArrayList<>();
    for (E row : simulation.oracle().rows(type).values()) {
      @Nullable Object[] values = type.values(row);
      List<String> words = new ArrayList<>();
      type.columns()
          .forEach(column -> {
            @Nullable Object value = values[column.position()];
            if (!column.name().equals("json")) {
              words.add(describe(column.name(), value));
            }
          });
      rows.add(String.join(" ", words));
    }
    return rows;
  }

  private static String describe(String column, @Nullable Object value) {
    return switch (value) {
      case null -> "-";
      case EventId id -> Long.toString(id.value());
      case String text -> md5(text.getBytes(StandardCharsets.UTF_8));
      case Double weight -> "%016x".formatted(Double.doubleToLongBits(weight));
      case BigDecimal price ->
          price.signum() == 0 ? "0" : price.stripTrailingZeros().toPlainString();
      case Instant seen ->
          Long.toString(seen.getEpochSecond() * 1_000_000 + seen.getNano() / 1_000);
      case Bytes bytes -> md5(bytes.bytes());
      case List<?> tags ->
          tags.size()
              + " "
              + describe(column, String.join("|", tags.stream().map(Objects::toString).toList()));
      default -> value.toString();
    };
  }

  private static String md5(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(content));
    } catch (NoSuchAlgorithmException missing) {
      throw new AssertionError(missing);
    }
  }

  private static List<String> inPostgres(DatabaseSettings settings, String schema)
      throws SQLException {
    List<String> rows = new ArrayList<>();
    try (Connection connection =
            DriverManager.getConnection(settings.url(), settings.user(), settings.password());
        Statement statement = connection.createStatement()) {
      connection.setSchema(schema);
      try (ResultSet result = statement.executeQuery(IN_POSTGRES)) {
        while (result.next()) {
          rows.add(result.getString(1));
        }
      }
    }
    return rows;
  }
}
