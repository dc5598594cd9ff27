package dev.millrace.clickhouse;

import dev.millrace.clickhouse.client.ClickHouseDatabase;
import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.servers.ClickHouseSettings;
import dev.millrace.servers.EmbeddedClickHouse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/** One real ClickHouse for all tests of this JVM; it ends with the JVM. */
final class TestClickHouse {
  private static final AtomicInteger DATABASES = new AtomicInteger();

  /** Started by the first test that is not skipped. */
  private static final class Shared {
    static final EmbeddedClickHouse SERVER = start(Path.of("target", "clickhouse-it"), standard());
  }

  private TestClickHouse() {}

  /** Skips a class if the engine is neither there nor can be downloaded, and prints that. */
  static final class WhereItCanRun implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      Optional<String> missing = EmbeddedClickHouse.missing();
      if (missing.isEmpty()) {
        return ConditionEvaluationResult.enabled("the engine can be had");
      }
      System.err.println("LEFT OUT: " + context.getDisplayName() + ": " + missing.get());
      return ConditionEvaluationResult.disabled(missing.get());
    }
  }

  static ClickHouseSettings standard() {
    return ClickHouseSettings.standard().withProgress(System.err::println);
  }

  static EmbeddedClickHouse start(Path directory, ClickHouseSettings settings) {
    return EmbeddedClickHouse.start(directory.toAbsolutePath(), settings);
  }

  /** Returns a name that no earlier run has left behind. */
  static String freshDatabase() {
    return "it_%d_%d".formatted(ProcessHandle.current().pid(), DATABASES.incrementAndGet());
  }

  static MirrorSettings settings(String database) {
    return settings(Shared.SERVER, database);
  }

  static MirrorSettings settings(EmbeddedClickHouse server, String database) {
    return MirrorSettings.of(server.url(), server.user(), server.password(), database);
  }

  /** Returns rows as text, their columns separated by a bar. */
  static List<String> query(MirrorSettings settings, String sql) {
    try (ClickHouseDatabase server = new ClickHouseDatabase(settings)) {
      return query(server, sql);
    }
  }

  static List<String> query(ClickHouseDatabase server, String sql) {
    return server.query(
        "query",
        sql.replaceFirst(
            "^SELECT (.*?) FROM ", "SELECT assumeNotNull(concatWithSeparator('|', $1)) FROM "),
        rows -> {
          List<String> found = new ArrayList<>();
          while (rows.hasNext()) {
            found.add(rows.readText());
          }
          return found;
        });
  }

  static void execute(MirrorSettings settings, String... statements) {
    try (ClickHouseDatabase server = new ClickHouseDatabase(settings)) {
      for (String sql : statements) {
        server.execute("test", sql);
      }
    }
  }
}
