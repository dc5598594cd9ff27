package dev.millrace.embedded;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * One user's hold on the ClickHouse of a data directory. The server runs while anybody, in any
 * process, holds it, and a few seconds longer.
 *
 * <p>Any client of ClickHouse's HTTP interface speaks to it, with {@link #url}, {@link #user} and
 * {@link #password}, and any of its native protocol at {@link #tcpPort}:
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
  private final Hold hold;

  private EmbeddedClickHouse(Hold hold) {
    this.hold = hold;
  }

  public static EmbeddedClickHouse start(Path dataDirectory) {
    return start(dataDirectory, ClickHouseSettings.standard());
  }

  /**
   * Joins the server that runs on this directory, or starts it. Returns when it takes queries. The
   * first start on a machine fetches the library, unless {@code MILLRACE_CHDB} names one.
   */
  public static EmbeddedClickHouse start(Path dataDirectory, ClickHouseSettings settings) {
    ServerDirectory directory = ServerDirectory.open(Product.CLICKHOUSE, dataDirectory);
    return new EmbeddedClickHouse(Hold.take(directory, new ClickHouseRecipe(settings)));
  }

  /**
   * Why none can be had on this machine, in words; empty if one can, as far as is seen without
   * trying.
   */
  public static Optional<String> missing() {
    return EngineLibrary.missing();
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

  /** The user who may do everything. */
  public String user() {
    return Product.CLICKHOUSE.user();
  }

  public String password() {
    return hold.password();
  }

  public String database() {
    return Product.CLICKHOUSE.database();
  }

  public Path directory() {
    return hold.directory().root();
  }

  /** The server's process; empty while it is being started again. */
  public OptionalLong pid() {
    return hold.pid();
  }

  /** Ends the server by SIGKILL; for tests of what comes after. The supervisor starts it again. */
  public void killHard() {
    hold.killHard();
  }

  /** Leaves. The server ends a few seconds after its last user has left, unless somebody comes. */
  @Override
  public void close() {
    hold.close();
  }

  /**
   * Leaves, and if nobody else is there, ends the server without grace and waits until it has
   * ended.
   */
  public void stop() {
    hold.stop();
  }

  @Override
  public String toString() {
    return hold.toString();
  }
}
