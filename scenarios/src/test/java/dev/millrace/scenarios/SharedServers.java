package dev.millrace.scenarios;

import static java.util.Objects.requireNonNull;

import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.servers.ClickHouseSettings;
import dev.millrace.servers.EmbeddedClickHouse;
import dev.millrace.servers.EmbeddedPostgres;
import dev.millrace.servers.PostgresSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** One PostgreSQL and one ClickHouse for all tests of this JVM that name the extension. */
final class SharedServers implements BeforeAllCallback {
  private record Running(EmbeddedPostgres postgres, EmbeddedClickHouse clickhouse)
      implements AutoCloseable {
    static Running start() {
      Path directory = freshDirectory();
      EmbeddedPostgres postgres =
          EmbeddedPostgres.start(
              directory.resolve("postgres"), PostgresSettings.standard().with("fsync", "off"));
      try {
        return new Running(
            postgres,
            EmbeddedClickHouse.start(
                directory.resolve("clickhouse"),
                ClickHouseSettings.standard().withProgress(System.err::println)));
      } catch (RuntimeException failed) {
        postgres.stop();
        throw failed;
      }
    }

    private static Path freshDirectory() {
      try {
        Path target = Path.of("target").toAbsolutePath();
        return Files.createTempDirectory(Files.createDirectories(target), "servers-");
      } catch (IOException failed) {
        throw new IllegalStateException("no directory for the servers", failed);
      }
    }

    @Override
    public void close() {
      try {
        clickhouse.stop();
      } finally {
        postgres.stop();
      }
    }
  }

  private static volatile @Nullable Running running;

  @Override
  public void beforeAll(ExtensionContext context) {
    running =
        context
            .getRoot()
            .getStore(ExtensionContext.Namespace.GLOBAL)
            .computeIfAbsent(Running.class, _ -> Running.start(), Running.class);
  }

  static DatabaseSettings database() {
    EmbeddedPostgres postgres = requireNonNull(running).postgres();
    return DatabaseSettings.of(postgres.jdbcUrl(), postgres.user(), postgres.password());
  }

  static MirrorSettings mirror(String database) {
    EmbeddedClickHouse clickhouse = requireNonNull(running).clickhouse();
    return MirrorSettings.of(clickhouse.url(), clickhouse.user(), clickhouse.password(), database);
  }
}
