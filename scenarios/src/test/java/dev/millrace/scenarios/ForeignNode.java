package dev.millrace.scenarios;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A third-party node from npm, as a process of its own on a free port. */
final class ForeignNode implements AutoCloseable {
  private static final Pattern RESULT = Pattern.compile("\"result\":\"(0x[0-9a-fA-F]*)\"");
  private static final Path CACHE =
      Path.of(System.getProperty("user.home"), ".cache", "millrace", "nodes-1");
  private static final List<String> PACKAGES = List.of("@foundry-rs/anvil@1.7.1", "hardhat@2.26.3");

  private final Process process;
  private final String url;
  // One of the nodes takes every offer to upgrade for a WebSocket.
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final AtomicLong ids = new AtomicLong();

  /** The product. */
  enum Kind {
    ANVIL,
    HARDHAT;

    private List<String> command(int port) {
      String bin = CACHE.resolve("node_modules/.bin").toString();
      return this == ANVIL
          ? List.of(bin + "/anvil", "--port", Integer.toString(port))
          : List.of(bin + "/hardhat", "node", "--port", Integer.toString(port));
    }
  }

  private ForeignNode(Process process, String url) {
    this.process = process;
    this.url = url;
  }

  /**
   * Downloads the packages unless they are there; returns the reason if that is impossible, else an
   * empty text.
   */
  static String install() throws IOException, InterruptedException {
    if (Files.exists(CACHE.resolve("complete"))) {
      return "";
    }
    Files.createDirectories(CACHE);
    Files.writeString(CACHE.resolve("package.json"), "{\"private\":true}");
    Files.writeString(
        CACHE.resolve("hardhat.config.js"), "module.exports = { solidity: \"0.8.28\" };");
    List<String> command =
        new ArrayList<>(List.of("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"));
    command.addAll(PACKAGES);
    Path log = CACHE.resolve("install.log");
    Process npm;
    try {
      npm =
          new ProcessBuilder(command)
              .directory(CACHE.toFile())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
    } catch (IOException missing) {
      return "npm is not there: " + missing.getMessage();
    }
    if (!npm.waitFor(5, TimeUnit.MINUTES) || npm.exitValue() != 0) {
      npm.destroyForcibly();
      return "npm cannot fetch the nodes: log=" + log;
    }
    Files.createFile(CACHE.resolve("complete"));
    return "";
  }

  static ForeignNode start(Kind kind) throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    Process process =
        new ProcessBuilder(kind.command(port))
            .directory(CACHE.toFile())
            .redirectErrorStream(true)
            .start();
    BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
    String line = out.readLine();
    while (line != null && !line.contains("Listening on") && !line.contains("Started HTTP")) {
      line = out.readLine();
    }
    if (line == null) {
      throw new IOException("node has ended: kind=" + kind);
    }
    Thread.ofVirtual().start(() -> out.lines().forEach(_ -> {}));
    return new ForeignNode(process, "http://127.0.0.1:" + port);
  }

  String url() {
    return url;
  }

  /** Calls a method with parameters in JSON and returns the whole reply. */
  String call(String method, String params) throws IOException, InterruptedException {
    String body =
        "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"%s\",\"params\":%s}"
            .formatted(ids.incrementAndGet(), method, params);
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    String reply = client.send(request, HttpResponse.BodyHandlers.ofString()).body();
    if (reply.contains("\"error\"")) {
      throw new IOException("node refuses: method=%s reply=%s".formatted(method, reply));
    }
    return reply;
  }

  /** Calls a method and returns its hex result. */
  String hex(String method, String params) throws IOException, InterruptedException {
    Matcher result = RESULT.matcher(call(method, params));
    if (!result.find()) {
      throw new IOException("result is no hex: method=" + method);
    }
    return result.group(1);
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    client.close();
  }
}
