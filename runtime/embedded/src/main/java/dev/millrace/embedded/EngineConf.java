package dev.millrace.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * The files that the engine starts with, each time anew: settings for a machine that it shares with
 * an indexer and PostgreSQL, and the users.
 *
 * <p>The library serves everybody as its one user. That one has no right but to take a role, and
 * {@code accounts} says to the HTTP server which role belongs to whom.
 */
record EngineConf(ServerDirectory directory, ClickHouseSettings settings) {
  private static final Pattern NAME = Pattern.compile("[a-z_][a-z0-9_.]*");
  private static final Pattern USER = Pattern.compile("[A-Za-z_][A-Za-z0-9_-]*");
  private static final String OWNER = "owner";

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
    {"background_schedule_pool_size", "16", "a task that waits for another must leave it a thread"},
    {"background_common_pool_size", "2", "as above"},
    {"background_move_pool_size", "1", "there is one disk"},
    {"background_fetches_pool_size", "1", "there are no replicas"},
  };

  /** Settings of each query, unless it says otherwise. */
  private static final Map<String, String> PROFILE =
      Map.of(
          // The profiler's signals would reach threads of the JVM.
          "query_profiler_real_time_period_ns", "0",
          "query_profiler_cpu_time_period_ns", "0",
          // What the library does for its own users and a server does not.
          "implicit_select", "0",
          "allow_introspection_functions", "0",
          // Whoever sends an insert here sends it whole.
          "async_insert", "0");

  Path data() {
    return directory.root().resolve("clickhouse");
  }

  Path config() {
    return directory.root().resolve("config.xml");
  }

  Path accounts() {
    return directory.root().resolve("accounts");
  }

  private Path users() {
    return directory.root().resolve("users.xml");
  }

  void write(String password) throws IOException {
    Files.writeString(config(), config(memory()), UTF_8);
    Files.writeString(users(), rights(), UTF_8);
    StringBuilder accounts =
        new StringBuilder(Product.CLICKHOUSE.user() + " " + OWNER + " " + password + "\n");
    settings
        .users()
        .forEach((name, account) ->
            accounts
                .append(name)
                .append(" role_")
                .append(name)
                .append(' ')
                .append(account.password())
                .append('\n'));
    ServerDirectory.writeSecret(accounts(), accounts.toString());
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
    StringBuilder text = new StringBuilder("<clickhouse>\n");
    lines.forEach((name, value) -> element(text, name, value));
    return text.append("</clickhouse>\n").toString();
  }

  String rights() {
    StringBuilder text = new StringBuilder("<clickhouse>\n");
    new TreeMap<>(PROFILE)
        .forEach((name, value) -> element(text, "profiles.default." + name, value));
    text.append("<roles>\n").append(role(OWNER, List.of("GRANT ALL ON *.*")));
    StringBuilder roles = new StringBuilder("<query>GRANT " + OWNER + "</query>");
    new TreeMap<>(settings.users())
        .forEach((name, account) -> {
          if (!USER.matcher(name).matches() || name.equals(Product.CLICKHOUSE.user())) {
            throw new EmbeddedException(
                "user must have a name of letters and digits that is not taken: name=" + name);
          }
          text.append(role("role_" + name, List.of(account.grants().split(";", -1))));
          roles.append("<query>GRANT role_").append(name).append("</query>");
        });
    return text.append(
            """
            </roles>
            <users><default>
              <password></password>
              <networks><ip>::/0</ip></networks>
              <profile>default</profile>
              <quota>default</quota>
              <grants>%s</grants>
            </default></users>
            <quotas><default></default></quotas>
            </clickhouse>
            """
                .formatted(roles))
        .toString();
  }

  private static String role(String name, List<String> grants) {
    StringBuilder text = new StringBuilder("<" + name + "><grants>");
    for (String grant : grants) {
      text.append("<query>").append(escape(grant.strip())).append("</query>");
    }
    return text.append("</grants></").append(name).append(">\n").toString();
  }

  /** A dot in the name is an element within another. */
  private static void element(StringBuilder text, String name, String value) {
    List<String> names = List.of(name.split("\\.", -1));
    names.forEach(one -> text.append('<').append(one).append('>'));
    text.append(escape(value));
    names.reversed().forEach(one -> text.append("</").append(one).append('>'));
    text.append('\n');
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
