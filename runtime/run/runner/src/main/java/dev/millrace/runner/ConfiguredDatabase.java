package dev.millrace.runner;

import dev.millrace.config.Config;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.CommitStore;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.postgres.PostgresStore;
import dev.millrace.postgres.client.DatabaseSettings;
import dev.millrace.servers.EmbeddedException;
import dev.millrace.servers.EmbeddedPostgres;
import dev.millrace.servers.PostgresSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The PostgreSQL that a config names; an embedded server runs at least until this is closed. */
public final class ConfiguredDatabase implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ConfiguredDatabase.class);

  private final DatabaseSettings settings;
  private final Optional<EmbeddedPostgres> embedded;

  private ConfiguredDatabase(DatabaseSettings settings, Optional<EmbeddedPostgres> embedded) {
    this.settings = settings;
    this.embedded = embedded;
  }

  /**
   * Starts the embedded server, or joins a running one; does not connect to a configured server
   * yet.
   */
  public static ConfiguredDatabase open(Config config) {
    return switch (config.postgres()) {
      case Config.Postgres.Server server ->
          new ConfiguredDatabase(
              DatabaseSettings.of(
                  server.url(), server.user().orElse(null), server.password().orElse(null)),
              Optional.empty());
      case Config.Postgres.Embedded _ -> embedded(config.dataDir());
    };
  }

  private static ConfiguredDatabase embedded(Path dataDir) {
    PostgresSettings wanted =
        PostgresSettings.standard()
            .withCache(dataDir.resolve("cache"))
            .withProgress(news -> log.info("embedded: {}", news));
    try {
      EmbeddedPostgres server = EmbeddedPostgres.start(directory(dataDir), wanted);
      return new ConfiguredDatabase(
          DatabaseSettings.of(server.jdbcUrl(), server.user(), server.password()),
          Optional.of(server));
    } catch (EmbeddedException failed) {
      throw new MillraceException(
          Remedy.FIX_SETUP, "embedded PostgreSQL cannot be had: " + failed.getMessage(), failed);
    }
  }

  /** True if the database may hold rows; starts no server to find out. */
  public static boolean mayHoldRows(Config config) {
    return config.postgres() instanceof Config.Postgres.Server
        || Files.isDirectory(directory(config.dataDir()));
  }

  private static Path directory(Path dataDir) {
    return dataDir.resolve("postgres");
  }

  public DatabaseSettings settings() {
    return settings;
  }

  /** Opens the store of an indexer; closing the store closes this database. */
  CommitStore store(ConfiguredIndexer indexer, Failpoint failpoint) {
    return new Owned(PostgresStore.open(settings, indexer, failpoint), this);
  }

  private record Owned(CommitStore store, ConfiguredDatabase database) implements CommitStore {
    @Override
    public LaneStore takeOver(String lane) {
      return store.takeOver(lane);
    }

    @Override
    public void close() {
      try (database) {
        store.close();
      }
    }
  }

  /** Returns the embedded server; empty if the config names another. */
  public Optional<EmbeddedPostgres> embedded() {
    return embedded;
  }

  @Override
  public void close() {
    embedded.ifPresent(EmbeddedPostgres::close);
  }
}
