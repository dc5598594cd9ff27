package dev.millrace.servers;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * The settings of PostgreSQL: for a durable write load on two cores and some gigabytes of memory,
 * shared with the indexer. Each start writes them anew; {@code ALTER SYSTEM} still overrides them.
 */
final class PostgresConfFile {
  private static final Pattern NAME = Pattern.compile("[a-z_][a-z0-9_.]*");

  /** The settings that the supervisor relies on to find, reach and stop its server. */
  private static final Set<String> OWN_SETTINGS =
      Set.of(
          "listen_addresses",
          "port",
          "unix_socket_directories",
          "data_directory",
          "config_file",
          "hba_file",
          "external_pid_file",
          "logging_collector");

  /** Name, value and reason. */
  private static final String[][] STANDARD = {
    {"fsync", "on", "what is committed survives a power cut"},
    {"synchronous_commit", "on", "the committed frontier claims nothing less"},
    {"shared_buffers", "512MB", "holds the hot rows and indexes; the page cache keeps the rest"},
    {"huge_pages", "off", "they need privileges and a host that has put some aside"},
    {"wal_level", "minimal", "no replica reads it; tables filled where they are made skip it"},
    {"max_wal_senders", "0", "wal_level minimal asks for it"},
    {"max_logical_replication_workers", "0", "nobody subscribes, so no process waits for it"},
    {"max_wal_size", "4GB", "fewer checkpoints under load, so fewer pages go whole into the WAL"},
    {"min_wal_size", "512MB", "segments are reused instead of made anew"},
    {
      "checkpoint_timeout",
      "15min",
      "at this pace size decides under load, and a crash replays little"
    },
    {"temp_buffers", "64MB", "updates travel through temporary tables, which must not go to disk"},
    {"work_mem", "16MB", "reads of handlers are small; analysts may set more"},
    {"maintenance_work_mem", "256MB", "indexes are built once, over whole tables"},
    {"max_connections", "100", "a few indexers with small pools and a person with a client"},
    {"max_parallel_workers_per_gather", "0", "a parallel plan would take the core of the handlers"},
    {"jit", "off", "statements are many and short; compiling them costs more than it gives"},
    {"random_page_cost", "1.1", "the disk is flash or the page cache"},
    {"autovacuum", "on", "read-modify-write leaves dead rows behind"},
    {"autovacuum_max_workers", "2", "there are two cores"},
    {
      "client_connection_check_interval",
      "1s",
      "a statement of a killed process ends, with its locks"
    },
    {"log_line_prefix", "%m [%p] ", "time and process"},
    {"log_timezone", "UTC", "one clock everywhere"},
    {"timezone", "UTC", "one clock everywhere"},
    {"lc_messages", "C", "errors are read by people and by Millrace"},
  };

  private PostgresConfFile() {}

  static void write(ServerDirectory directory, Map<String, String> overrides) {
    try {
      Files.writeString(directory.conf(), render(directory, overrides), UTF_8);
      Files.writeString(
          directory.hba(),
          """
          # Nobody but those who know the password, and only from this machine.
          host all all 127.0.0.1/32 scram-sha-256
          """,
          UTF_8);
    } catch (IOException e) {
      throw new EmbeddedException(
          "settings of the server cannot be written: file=" + directory.conf() + " cause=" + e, e);
    }
  }

  static String render(ServerDirectory directory, Map<String, String> overrides) {
    overrides.forEach(PostgresConfFile::check);
    Map<String, String> rest = new TreeMap<>(overrides);
    Map<String, String> lines = new LinkedHashMap<>();
    for (String[] setting : STANDARD) {
      String chosen = rest.remove(setting[0]);
      lines.put(
          setting[0],
          chosen == null ? quote(setting[1]) + "  # " + setting[2] : quote(chosen) + "  # chosen");
    }
    rest.forEach((name, value) -> lines.put(name, quote(value) + "  # chosen"));
    StringBuilder text =
        new StringBuilder("# Written at each start; use ALTER SYSTEM for changes that stay.\n");
    text.append("listen_addresses = '").append(ServerState.HOST).append("'\n");
    text.append(
        "unix_socket_directories = ''  # the path of a socket may be 107 bytes, ours may be longer\n");
    text.append("hba_file = ").append(quote(directory.hba().toString())).append('\n');
    lines.forEach((name, value) -> text.append(name).append(" = ").append(value).append('\n'));
    return text.toString();
  }

  private static void check(String name, String value) {
    if (!NAME.matcher(name).matches() || value.chars().anyMatch(c -> c < ' ')) {
      throw new EmbeddedException(
          "server setting must be a name in lower case and a value on one line: name=" + name);
    }
    if (OWN_SETTINGS.contains(name)) {
      throw new EmbeddedException(
          "server setting belongs to the supervisor; a port is chosen in PostgresSettings: name="
              + name);
    }
  }

  private static String quote(String value) {
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'";
  }
}
