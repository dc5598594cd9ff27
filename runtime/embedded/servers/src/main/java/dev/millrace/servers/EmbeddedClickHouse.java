package dev.millrace.servers;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * One user's hold on the ClickHouse of a data directory. The server runs while any process holds
 * it, and a few seconds longer.
 *
 * <p>Accepts any client of ClickHouse's HTTP interface, with {@link #url}, {@link #user} and {@link
 * #password}, and of its native protocol at {@link #tcpPort}:
 *
 * <pre>{@code
 * try (EmbeddedClickHouse server = EmbeddedClickHouse.start(directory, ClickHouseSettings.standard());
 *     Client client =
 *         new Client.Builder()
 *             .addEndpoint(server.url())
 *             .setUsername(server.user())
 *             .setPassword(server.password())
 *             .build()) {
 * }
 * }</pre>
 *
 * <p>A server that dies under its users, or that no longer answers, is started again on the same
 * ports; {@link #pid} then changes and nothing else. Inserts and queries under way fail as those of
 * any server that crashes. All methods may be called from any thread.
 */
public final class EmbeddedClickHouse implements AutoCloseable {
  private final ServerHandle hold;

  private EmbeddedClickHouse(ServerHandle hold) {
    this.hold = hold;
  }

  public static EmbeddedClickHouse start(Path dataDirectory) {
    return start(dataDirectory, ClickHouseSettings.standard());
  }

  /**
   * Joins the server that runs on this directory, or starts it. Returns when it takes queries. The
   * first start on a machine downloads the library, unless {@code MILLRACE_CHDB} names one.
   */
  public static EmbeddedClickHouse start(Path dataDirectory, ClickHouseSettings settings) {
    ServerDirectory directory = ServerDirectory.open(ServerKind.CLICKHOUSE, dataDirectory);
    return new EmbeddedClickHouse(ServerHandle.take(directory, new ClickHouseInstaller(settings)));
  }

  /**
   * Returns the reason why this machine cannot run an embedded server; empty if it can, as far as
   * is seen without trying.
   */
  public static Optional<String> missing() {
    return EngineLibrary.missing();
  }

  /** True if a server runs on this directory, which must exist; starts none. */
  public static boolean isRunning(Path dataDirectory) {
    return ServerHandle.isRunning(ServerDirectory.open(ServerKind.CLICKHOUSE, dataDirectory));
  }

  public String url() {
    return hold.url();
  }

  public int port() {
    return hold.port();
  }

  /** The port of ClickHouse's native protocol, which is not encrypted. */
  public int tcpPort() {
    return EngineProcess.tcpPort(hold.directory());
  }

  /** The name of the user with all rights. */
  public String user() {
    return ServerKind.CLICKHOUSE.user();
  }

  public String password() {
    return hold.password();
  }

  public String database() {
    return ServerKind.CLICKHOUSE.database();
  }

  public Path directory() {
    return hold.directory().root();
  }

  /** Returns the pid of the server; empty while it is being started again. */
  public OptionalLong pid() {
    return hold.pid();
  }

  /** Kills the server by SIGKILL, for tests of the recovery. The supervisor starts it again. */
  public void killHard() {
    hold.killHard();
  }

  /**
   * Releases this hold. The server ends a few seconds after its last user has left, unless another
   * comes.
   */
  @Override
  public void close() {
    hold.close();
  }

  /**
   * Releases this hold; if it was the last, ends the server without grace and waits for its end.
   */
  public void stop() {
    hold.stop();
  }

  @Override
  public String toString() {
    return hold.toString();
  }
}
