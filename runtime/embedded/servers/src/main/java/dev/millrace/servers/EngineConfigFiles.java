package dev.millrace.servers;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * The configuration files of the engine, written anew at each start: settings for a machine that it
 * shares with an indexer and PostgreSQL, and the users.
 *
 * <p>The library runs the statements that open its ports as {@code default}, without a password;
 * the name is fixed. So that user may do nothing else, and has one session, which is taken before a
 * port is open.
 */
record EngineConfigFiles(ServerDirectory directory, ClickHouseSettings settings) {
  private static final Pattern NAME = Pattern.compile("[a-z_][a-z0-9_.]*");
  private static final Pattern USER = Pattern.compile("[A-Za-z_][A-Za-z0-9_-]*");
  private static final String HOST_USER = "default";

  /** Name, value and reason. */
  private static final String[][] STANDARD = {
    {"log-level", "warning", "a line for each part would be most of the disk"},
    {"mark_cache_size", "67108864", "marks of the tables in use; the page cache keeps the rest"},
    {"uncompressed_cache_size", "0", "scans would only wash through it"},
    {"index_mark_cache_size", "16777216", "as above"},
    {"primary_index_cache_size", "67108864", "as above"},
    {"mmap_cache_size", "100", "a few files are enough"},
    {"max_thread_pool_size", "1000", "threads, and the memory they keep"},
    {"max_thread_pool_free_size", "16", "idle ones end"},
    {"background_pool_size", "2", "merges share the cores with inserts and the indexer"},
    {"background_merges_mutations_concurrency_ratio", "2", "small merges pass big ones"},
    {"background_schedule_pool_size", "4", "nothing here has hundreds of tables"},
    {"background_common_pool_size", "2", "as above"},
    {"background_move_pool_size", "1", "there is one disk"},
    {"background_fetches_pool_size", "1", "there are no replicas"},
    {
      "access_control_improvements.table_engines_require_grant",
      "false",
      "as servers do unless they are told to"
    },
    {"query_log.database", "system", "what ran, how long, and what it said"},
    {"query_log.table", "query_log", "as above"},
    {"query_log.reserved_size_rows", "1024", "memory"},
    {"query_log.ttl", "event_date + INTERVAL 1 DAY", "it begins anew with each start"},
  };

  /** Settings of each query, unless the query sets them otherwise. */
  private static final Map<String, String> PROFILE =
      Map.of(
          // The profiler's signals would reach threads of the JVM.
          "query_profiler_real_time_period_ns", "0",
          "query_profiler_cpu_time_period_ns", "0",
          // Defaults of the library for its own users; a server has them off.
          "implicit_select", "0",
          "allow_introspection_functions", "0",
          // A client of this server sends each insert whole.
          "async_insert", "0");

  Path data() {
    return directory.root().resolve("clickhouse");
  }

  Path config() {
    return directory.root().resolve("config.xml");
  }

  private Path users() {
    return directory.root().resolve("users.xml");
  }

  void write(String password) throws IOException {
    Files.writeString(config(), config(memory()), UTF_8);
    ServerDirectory.writeSecret(users(), users(password));
    ServerDirectory.writeSecret(
        directory.root().resolve("engine.properties"),
        EngineProcess.LIMIT
            + "="
            + settings.times().answer()
            + "\n"
            + EngineProcess.FIXED_TCP
            + "="
            + settings.listen().tcp()
            + "\n");
    // The engine does not find the tables of its own logs again after a restart.
    Path logs = data().resolve("data").resolve("system");
    if (Files.exists(logs)) {
      PostgresBinaries.delete(logs);
    }
  }

  /** A quarter of the machine, between what a query needs and what an indexer can spare. */
  private static long memory() {
    long machine =
        ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
    return Math.clamp(machine / 4, 1L << 30, 2L << 30);
  }

  String config(long memory) {
    Map<String, String> lines = new LinkedHashMap<>();
    lines.put("max_server_memory_usage", Long.toString(memory));
    for (String[] setting : STANDARD) {
      lines.put(setting[0], setting[1]);
    }
    new TreeMap<>(settings.server())
        .forEach((name, value) -> {
          if (!NAME.matcher(name).matches()) {
            throw new EmbeddedException(
                "server setting must be a name in lower case: name=" + name);
          }
          lines.put(name, value);
        });
    lines.put("logger.log", directory.root().resolve("engine.log").toString());
    lines.put("logger.size", "10M");
    lines.put("logger.count", "2");
    lines.put("user_directories.users_xml.path", users().toString());
    return "<clickhouse>\n" + elements(lines) + "</clickhouse>\n";
  }

  String users(String password) {
    Map<String, String> profiles = new TreeMap<>();
    PROFILE.forEach((name, value) -> profiles.put("profiles.default." + name, value));
    profiles.put("profiles.host.max_sessions_for_user", "1");
    StringBuilder text = new StringBuilder("<clickhouse>\n").append(elements(profiles));
    text.append("<users>\n");
    user(
        text,
        HOST_USER,
        "<no_password/><profile>host</profile>",
        List.of("GRANT SYSTEM LISTEN ON *.*", "GRANT CREATE TEMPORARY TABLE ON *.*"));
    owner(text, password);
    new TreeMap<>(settings.users())
        .forEach((name, account) -> {
          if (!USER.matcher(name).matches()
              || List.of(HOST_USER, ServerKind.CLICKHOUSE.user()).contains(name)) {
            throw new EmbeddedException(
                "user must have a name of letters and digits that is not taken: name=" + name);
          }
          user(text, name, secret(account.password()), List.of(account.grants().split(";", -1)));
        });
    return text.append("</users>\n<quotas><default></default></quotas>\n</clickhouse>\n")
        .toString();
  }

  private static void owner(StringBuilder text, String password) {
    user(text, ServerKind.CLICKHOUSE.user(), secret(password), List.of("GRANT ALL ON *.*"));
  }

  private static String secret(String password) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(password.getBytes(UTF_8));
      return "<password_sha256_hex>"
          + HexFormat.of().formatHex(hash)
          + "</password_sha256_hex><profile>default</profile>";
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private static void user(StringBuilder text, String name, String entry, List<String> grants) {
    text.append('<').append(name).append('>').append(entry);
    text.append("<networks><ip>127.0.0.1</ip></networks><quota>default</quota><grants>");
    for (String grant : grants) {
      text.append("<query>").append(escape(grant.strip())).append("</query>");
    }
    text.append("</grants></").append(name).append(">\n");
  }

  /**
   * A dot in a name is an element within another; names with the same prefix share that element.
   */
  private static String elements(Map<String, String> values) {
    StringBuilder text = new StringBuilder();
    Map<String, Map<String, String>> inner = new LinkedHashMap<>();
    values.forEach((name, value) -> {
      int dot = name.indexOf('.');
      if (dot < 0) {
        text.append("<%1$s>%2$s</%1$s>\n".formatted(name, escape(value)));
      } else {
        inner
            .computeIfAbsent(name.substring(0, dot), outer -> new LinkedHashMap<>())
            .put(name.substring(dot + 1), value);
      }
    });
    inner.forEach(
        (name, within) -> text.append("<%1$s>\n%2$s</%1$s>\n".formatted(name, elements(within))));
    return text.toString();
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
