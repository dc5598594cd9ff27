package dev.millrace.rpc;

import com.sun.management.OperatingSystemMXBean;
import dev.millrace.evm.LogFilter;
import dev.millrace.jsonrpc.JsonMemberName;
import dev.millrace.jsonrpc.JsonStreamReader;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Measures the speed of reading logs: from memory, and from a socket whose other end sends the same
 * bytes again and again. Run by hand; prints a line per round, the later ones count.
 *
 * <p>The bound is the time that the kernel takes to move bytes through a socket, about 0.2 ns each.
 */
final class LogSpeed {
  private static final int BLOCKS = 50;
  private static final int PER_BLOCK = 250;
  private static final int LOGS = BLOCKS * PER_BLOCK;
  private static final String TRANSFER =
      "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";
  private static final String TOKEN = "0x00000000000000000000000000000000000000aa";
  private static final LogQuery QUERY =
      new LogQuery(
          new LogFilter(List.of(Address.of(TOKEN)), List.of(Bytes32.of(TRANSFER))), 0, BLOCKS - 1);

  private static final JsonMemberName RESULT = new JsonMemberName("result");

  private LogSpeed() {}

  public static void main(String[] args) throws Exception {
    byte[] body = body();
    System.out.printf("body: %d bytes, %d per log%n", body.length, body.length / LOGS);
    for (int round = 0; round < 8; round++) {
      parse(body);
    }
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Thread.ofPlatform().daemon().start(() -> serve(server, body));
      String url = "http://127.0.0.1:" + server.getLocalPort();
      try (ChainNode node = ChainNodeFactory.open(List.of(url), 1, RpcSettings.defaults())) {
        for (int round = 0; round < 6; round++) {
          fetch(node, body.length);
        }
      }
    }
  }

  private static void parse(byte[] body) throws IOException {
    int times = 20;
    JsonStreamReader in = new JsonStreamReader();
    LogColumnsBuilder writer = new LogColumnsBuilder();
    long begun = System.nanoTime();
    long logs = 0;
    for (int i = 0; i < times; i++) {
      in.open(new ByteArrayInputStream(body), Long.MAX_VALUE);
      in.begin('{');
      while (in.nextMember() && !in.is(RESULT)) {
        in.skip();
      }
      LogColumns columns = new LogReplyReader(QUERY, null, writer).read(in);
      logs += columns == null ? 0 : columns.size();
    }
    long nanos = System.nanoTime() - begun;
    System.out.printf(
        "parse: %d MB/s, %d ns per log%n", (long) body.length * times * 1000 / nanos, nanos / logs);
  }

  private static void fetch(ChainNode node, int bytes) throws Exception {
    int times = 60;
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long cpu = system.getProcessCpuTime();
    long begun = System.nanoTime();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Integer>> pages =
          java.util.stream.IntStream.range(0, times)
              .mapToObj(_ -> threads.submit(() -> node.logs(QUERY).logs().size()))
              .toList();
      for (Future<Integer> page : pages) {
        page.get();
      }
    }
    long nanos = System.nanoTime() - begun;
    long logs = (long) times * LOGS;
    System.out.printf(
        "fetch: %d MB/s, %d logs/s, %d ns CPU per log, both ends%n",
        (long) bytes * times * 1000 / nanos,
        logs * TimeUnit.SECONDS.toNanos(1) / nanos,
        (system.getProcessCpuTime() - cpu) / logs);
  }

  private static void serve(ServerSocket server, byte[] body) {
    try {
      while (true) {
        Socket socket = server.accept();
        Thread.ofPlatform().daemon().start(() -> answer(socket, body));
      }
    } catch (IOException closed) {
      // It was the last round.
    }
  }

  private static void answer(Socket socket, byte[] logs) {
    byte[] chain =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x1\"}".getBytes(StandardCharsets.UTF_8);
    try (socket) {
      InputStream in = socket.getInputStream();
      OutputStream out = socket.getOutputStream();
      byte[] request = new byte[8192];
      // A request of ours is one write, and so one read.
      for (int read = in.read(request); read > 0; read = in.read(request)) {
        boolean isLogs = new String(request, 0, read, StandardCharsets.UTF_8).contains("getLogs");
        byte[] body = isLogs ? logs : chain;
        out.write(
            "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
                .formatted(body.length)
                .getBytes(StandardCharsets.UTF_8));
        out.write(body);
      }
    } catch (IOException closed) {
      // It was the last round.
    }
  }

  private static byte[] body() {
    Random random = new Random(1);
    StringBuilder text = new StringBuilder("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":[");
    for (int block = 0; block < BLOCKS; block++) {
      String hash = word(random);
      for (int i = 0; i < PER_BLOCK; i++) {
        text.append(text.charAt(text.length() - 1) == '[' ? "" : ",");
        text.append("{\"address\":\"").append(TOKEN);
        text.append("\",\"topics\":[\"").append(TRANSFER);
        text.append("\",\"0x000000000000000000000000").append(word(random), 2, 42);
        text.append("\",\"0x000000000000000000000000").append(word(random), 2, 42);
        text.append("\"],\"data\":\"").append(word(random));
        text.append("\",\"blockNumber\":\"0x").append(Integer.toHexString(block));
        text.append("\",\"transactionHash\":\"").append(word(random));
        text.append("\",\"transactionIndex\":\"0x").append(Integer.toHexString(i));
        text.append("\",\"blockHash\":\"").append(hash);
        text.append("\",\"logIndex\":\"0x").append(Integer.toHexString(i));
        text.append("\",\"removed\":false}");
      }
    }
    return text.append("]}").toString().getBytes(StandardCharsets.UTF_8);
  }

  private static String word(Random random) {
    return "0x%016x%016x%016x%016x"
        .formatted(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong());
  }
}
