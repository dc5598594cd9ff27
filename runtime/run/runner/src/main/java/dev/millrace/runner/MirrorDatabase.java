package dev.millrace.runner;

import dev.millrace.clickhouse.ClickHouseMirror;
import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.config.Config;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.LaneMirror;
import dev.millrace.servers.ClickHouseSettings;
import dev.millrace.servers.EmbeddedClickHouse;
import dev.millrace.servers.EmbeddedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The ClickHouse that a config names; an embedded server runs at least until this is closed. */
public final class MirrorDatabase implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(MirrorDatabase.class);

  /** The user name on a server without other users. */
  private static final String DEFAULT_USER = "default";

  private final MirrorSettings settings;
  private final Optional<EmbeddedClickHouse> embedded;

  private MirrorDatabase(MirrorSettings settings, Optional<EmbeddedClickHouse> embedded) {
    this.settings = settings;
    this.embedded = embedded;
  }

  /**
   * Starts the embedded server, or joins a running one; does not connect to a configured server
   * yet.
   *
   * @throws MillraceException with remedy {@code FIX_SETUP} if the config names none
   */
  public static MirrorDatabase open(Config config) {
    Config.ClickHouse wanted = required(config);
    return switch (wanted.engine()) {
      case Config.ClickHouse.Server server ->
          new MirrorDatabase(
              MirrorSettings.of(
                  server.url(),
                  server.user().orElse(DEFAULT_USER),
                  server.password().orElse(""),
                  wanted.database()),
              Optional.empty());
      case Config.ClickHouse.Embedded _ -> embedded(config.dataDir(), wanted.database());
    };
  }

  private static MirrorDatabase embedded(Path dataDir, String database) {
    ClickHouseSettings standard =
        ClickHouseSettings.standard().withProgress(news -> log.info("embedded: {}", news));
    try {
      EmbeddedClickHouse server = EmbeddedClickHouse.start(directory(dataDir), standard);
      return new MirrorDatabase(
          MirrorSettings.of(server.url(), server.user(), server.password(), database),
          Optional.of(server));
    } catch (EmbeddedException failed) {
      throw new MillraceException(
          Remedy.FIX_SETUP, "embedded ClickHouse cannot be had: " + failed.getMessage(), failed);
    }
  }

  public static Config.ClickHouse required(Config config) {
    return config
        .clickhouse()
        .orElseThrow(() ->
            new MillraceException(
                Remedy.FIX_SETUP,
                "config names no ClickHouse: name=%s (clickhouse: { url: embedded } asks for one)"
                    .formatted(config.name())));
  }

  /** True if the database may hold rows; starts no server to find out. */
  public static boolean mayHoldRows(Config config) {
    return config
        .clickhouse()
        .filter(wanted ->
            wanted.engine() instanceof Config.ClickHouse.Server
                || Files.isDirectory(directory(config.dataDir())))
        .isPresent();
  }

  /** True if the database can be asked without starting a server. */
  public static boolean isRunning(Config config) {
    return config
        .clickhouse()
        .filter(wanted ->
            wanted.engine() instanceof Config.ClickHouse.Server
                || (Files.isDirectory(directory(config.dataDir()))
                    && EmbeddedClickHouse.isRunning(directory(config.dataDir()))))
        .isPresent();
  }

  private static Path directory(Path dataDir) {
    return dataDir.resolve("clickhouse");
  }

  public MirrorSettings settings() {
    return settings;
  }

  /** Opens the mirror of an indexer; closing the mirror closes this database. */
  ConfiguredMirror mirror(ConfiguredIndexer indexer, Failpoint failpoint) {
    try {
      return new Owned(ClickHouseMirror.open(settings, indexer, failpoint), this);
    } catch (MillraceException failed) {
      throw new MillraceException(
          failed.remedy(),
          "ClickHouse cannot be opened: url=%s database=%s reason=\"%s\""
              .formatted(settings.url(), settings.database(), failed.getMessage()),
          failed);
    }
  }

  private record Owned(ClickHouseMirror mirror, MirrorDatabase database)
      implements ConfiguredMirror {
    @Override
    public LaneMirror lane(String lane) {
      return mirror.lane(lane);
    }

    @Override
    public void close() {
      try (database) {
        mirror.close();
      }
    }
  }

  /** Returns the embedded server; empty if the config names another. */
  public Optional<EmbeddedClickHouse> embedded() {
    return embedded;
  }

  @Override
  public void close() {
    embedded.ifPresent(EmbeddedClickHouse::close);
  }
}
