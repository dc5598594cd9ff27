package dev.millrace.servers;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/**
 * One user's hold on the PostgreSQL of a data directory. The server runs while any process holds
 * it, and a few seconds longer.
 *
 * <p>A server that dies under its users is started again on the same port; {@link #pid} then
 * changes and nothing else. All methods may be called from any thread.
 */
public final class EmbeddedPostgres implements AutoCloseable {
  private final ServerHandle hold;

  private EmbeddedPostgres(ServerHandle hold) {
    this.hold = hold;
  }

  public static EmbeddedPostgres start(Path dataDirectory) {
    return start(dataDirectory, PostgresSettings.standard());
  }

  /**
   * Joins the server that runs on this directory, or starts it. Returns when it takes connections.
   */
  public static EmbeddedPostgres start(Path dataDirectory, PostgresSettings settings) {
    ServerDirectory directory = ServerDirectory.open(ServerKind.POSTGRES, dataDirectory);
    return new EmbeddedPostgres(ServerHandle.take(directory, new PostgresInstaller(settings)));
  }

  public String host() {
    return ServerState.HOST;
  }

  public int port() {
    return hold.port();
  }

  public String user() {
    return ServerKind.POSTGRES.user();
  }

  public String password() {
    return hold.password();
  }

  public String database() {
    return ServerKind.POSTGRES.user();
  }

  /** Returns the JDBC URL without user and password. */
  public String jdbcUrl() {
    return hold.url();
  }

  public Path directory() {
    return hold.directory().root();
  }

  /** Returns the file that PostgreSQL logs to. */
  public Path log() {
    return hold.directory().log();
  }

  /** Returns the pid of the server; empty while it is being started again. */
  public OptionalLong pid() {
    return hold.pid();
  }

  /**
   * Kills the server and its sessions by SIGKILL, as a crash of the machine would, for tests of the
   * recovery. The supervisor starts it again.
   */
  public void killHard() {
    List<ProcessHandle> sessions =
        pid().stream()
            .mapToObj(ProcessHandle::of)
            .flatMap(server -> server.stream().flatMap(ProcessHandle::descendants))
            .toList();
    hold.killHard();
    sessions.forEach(ProcessHandle::destroyForcibly);
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
