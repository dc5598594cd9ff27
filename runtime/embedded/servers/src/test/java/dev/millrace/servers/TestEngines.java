package dev.millrace.servers;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Shared helpers: queries to an embedded ClickHouse, and the condition for tests that need one. */
final class TestEngines {
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  private TestEngines() {}

  /** Skips a class if the library is neither there nor can be downloaded, and prints that. */
  static final class WhereTheLibraryIs implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      Optional<String> missing = EmbeddedClickHouse.missing();
      if (missing.isEmpty()) {
        return ConditionEvaluationResult.enabled("the library is there, or npm");
      }
      System.err.println("LEFT OUT: " + context.getDisplayName() + ": " + missing.get());
      return ConditionEvaluationResult.disabled(missing.get());
    }
  }

  static ClickHouseSettings small() {
    return ClickHouseSettings.standard().withProgress(System.err::println);
  }

  static EmbeddedClickHouse start(Path root) {
    return EmbeddedClickHouse.start(root, small());
  }

  /** Returns the text of the response; fails with the whole of it if it is an error. */
  static String run(EmbeddedClickHouse server, String sql) throws IOException {
    HttpResponse<String> response = send(server, "", sql);
    if (response.statusCode() != 200) {
      throw new IOException(response.statusCode() + " " + response.body());
    }
    return response.body().strip();
  }

  static HttpResponse<String> send(EmbeddedClickHouse server, String address, String body) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(server.url() + "/" + address))
            .header("X-ClickHouse-User", server.user())
            .header("X-ClickHouse-Key", server.password())
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    return send(request);
  }

  static HttpResponse<String> send(HttpRequest request) {
    try {
      return HTTP.send(request, HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  static URI at(EmbeddedClickHouse server, String address) {
    return URI.create(server.url() + "/" + address);
  }

  static String header(HttpResponse<String> response, String name) {
    return response.headers().firstValue(name).orElse("");
  }

  static String encode(String text) {
    return URLEncoder.encode(text, UTF_8);
  }

  /**
   * Waits until the supervisor has published that a server runs, which may be after its first
   * answer.
   */
  static long awaitPid(EmbeddedClickHouse server) {
    OptionalLong pid = server.pid();
    while (pid.isEmpty()) {
      LockSupport.parkNanos(20_000_000);
      pid = server.pid();
    }
    return pid.getAsLong();
  }

  /** Waits until a killed server answers again, as its users do. */
  static String awaitAnswer(EmbeddedClickHouse server, String sql) {
    long end = System.nanoTime() + Duration.ofSeconds(90).toNanos();
    while (true) {
      try {
        return run(server, sql);
      } catch (IOException | UncheckedIOException e) {
        if (System.nanoTime() - end > 0) {
          throw new AssertionError("no answer", e);
        }
        LockSupport.parkNanos(20_000_000);
      }
    }
  }
}
