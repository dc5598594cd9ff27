package dev.millrace.chdb;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/**
 * ClickHouse in this process, on one data directory.
 *
 * <p>Every request gets a connection of its own. Opening one takes half a millisecond, and
 * settings, database, role and temporary tables of one request can then never meet the next.
 */
final class Engine implements AutoCloseable {
  private final Library library;
  private final List<String> arguments;

  /** Keeps the engine open between requests. */
  private final MemorySegment root;

  private final String version;
  private final String timezone;

  private Engine(Library library, List<String> arguments) {
    this.library = library;
    this.arguments = arguments;
    this.root = library.connect(arguments);
    String[] words = single(library, root, "SELECT version(), timezone()").split("\t", -1);
    this.version = words[0];
    this.timezone = words[1];
  }

  static Engine open(Path library, Path data, Path config) {
    return new Engine(
        Library.load(library), List.of("clickhouse", "--path=" + data, "--config-file=" + config));
  }

  String version() {
    return version;
  }

  String timezone() {
    return timezone;
  }

  Session session() {
    return new Session(library, library.connect(arguments));
  }

  private static String single(Library library, MemorySegment connection, String sql) {
    return UTF_8
        .decode(library.query(connection, sql.getBytes(UTF_8), "TabSeparated").text())
        .toString()
        .strip();
  }

  /** Ends in order: parts in flight are written and the directory is unlocked. */
  @Override
  public void close() {
    library.close(root);
  }

  /** One connection; confined to one thread at a time. */
  static final class Session implements AutoCloseable {
    private final Library library;
    private final MemorySegment connection;

    private Session(Library library, MemorySegment connection) {
      this.library = library;
      this.connection = connection;
    }

    Outcome run(byte[] sql, String format) {
      return library.query(connection, sql, format);
    }

    Outcome run(String sql) {
      return run(sql.getBytes(UTF_8), "TabSeparated");
    }

    @Override
    public void close() {
      library.close(connection);
    }
  }
}
