package dev.millrace.servers;

import java.io.IOException;
import java.util.List;

/** The two servers that run here, and the differences that matter to a {@link Supervisor}. */
enum ServerKind {
  POSTGRES("PostgreSQL", "jdbc:postgresql://" + ServerState.HOST + ":%d/millrace", "millrace"),
  CLICKHOUSE("ClickHouse", "http://" + ServerState.HOST + ":%d", "default");

  private final String title;
  private final String url;
  private final String database;

  ServerKind(String title, String url, String database) {
    this.title = title;
    this.url = url;
    this.database = database;
  }

  String title() {
    return title;
  }

  String url(int port) {
    return url.formatted(port);
  }

  /**
   * The owner's name. {@code default} is not free in ClickHouse: the engine's own session uses it.
   */
  String user() {
    return "millrace";
  }

  String database() {
    return database;
  }

  /** Starts a run of the server in its directory, on a port. */
  ServerProcess launch(ServerDirectory directory, List<String> command, int port)
      throws IOException {
    return this == POSTGRES
        ? Postmaster.launch(directory, command, port)
        : EngineProcess.launch(directory, command, port);
  }

  /** Ends the server that an earlier supervisor could not end, and clears the way for a new run. */
  void removeLeftover(ServerDirectory directory) {
    if (this == POSTGRES) {
      Postmaster.removeLeftover(directory);
    } else {
      EngineProcess.removeLeftover(directory);
    }
  }
}
