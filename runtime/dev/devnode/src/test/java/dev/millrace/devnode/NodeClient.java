package dev.millrace.devnode;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** JSON-RPC client over a real socket. */
final class NodeClient implements AutoCloseable {
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(10))
          .build();
  private final DevNode node;

  NodeClient(DevNode node) {
    this.node = node;
  }

  HttpResponse<String> send(String body) throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(URI.create(node.url()))
            .timeout(Duration.ofSeconds(20))
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  static String request(int id, String method, String params) {
    return "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"%s\",\"params\":%s}"
        .formatted(id, method, params);
  }

  static Object read(String json) {
    return requireNonNull(JsonTreeReader.read(json.getBytes(StandardCharsets.UTF_8)));
  }

  /** True if the result of a request is null. */
  boolean isNull(String method, String params) throws IOException, InterruptedException {
    Map<?, ?> answer = answer(method, params);
    return answer.containsKey("result") && answer.get("result") == null;
  }

  Map<?, ?> answer(String method, String params) throws IOException, InterruptedException {
    return (Map<?, ?>) read(send(request(1, method, params)).body());
  }

  Object result(String method, String params) throws IOException, InterruptedException {
    Map<?, ?> answer = answer(method, params);
    if (!answer.containsKey("result")) {
      throw new AssertionError("no result: method=%s answer=%s".formatted(method, answer));
    }
    return requireNonNull(answer.get("result"));
  }

  Map<?, ?> object(String method, String params) throws IOException, InterruptedException {
    return (Map<?, ?>) result(method, params);
  }

  /** Returns the error of a request as {@code code message}. */
  String error(String method, String params) throws IOException, InterruptedException {
    Map<?, ?> error = (Map<?, ?>) requireNonNull(answer(method, params).get("error"));
    return error.get("code") + " " + error.get("message");
  }

  @SuppressWarnings("unchecked")
  List<Map<String, Object>> list(String method, String params)
      throws IOException, InterruptedException {
    return (List<Map<String, Object>>) result(method, params);
  }

  List<Map<String, Object>> logs(String filter) throws IOException, InterruptedException {
    return list("eth_getLogs", "[{" + filter + "}]");
  }

  Map<?, ?> block(long number) throws IOException, InterruptedException {
    return object("eth_getBlockByNumber", "[\"0x%x\",false]".formatted(number));
  }

  static String range(long from, long to) {
    return "\"fromBlock\":\"0x%x\",\"toBlock\":\"0x%x\"".formatted(from, to);
  }

  @Override
  public void close() {
    http.close();
  }
}
