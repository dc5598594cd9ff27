package dev.millrace.rpc;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A node on a real socket whose replies a test scripts. */
final class FakeNode implements AutoCloseable {
  private final ServerSocket server;
  private final Script script;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final List<String> asked = new CopyOnWriteArrayList<>();

  /** Reply to each request. */
  interface Script {
    Answer to(String request);
  }

  /**
   * An answer.
   *
   * @param cutAt the bytes of the body that are sent before the connection ends; negative: all
   * @param delayMillis the delay of the answer
   */
  record Answer(int status, String headers, String body, int cutAt, long delayMillis) {
    static Answer of(String body) {
      return new Answer(200, "", body, -1, 0);
    }

    static Answer status(int status, String headers, String body) {
      return new Answer(status, headers, body, -1, 0);
    }

    Answer cut(int at) {
      return new Answer(status, headers, body, at, delayMillis);
    }

    Answer after(long millis) {
      return new Answer(status, headers, body, cutAt, millis);
    }
  }

  FakeNode(Script script) throws IOException {
    this.script = script;
    server = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  String url() {
    return "http://127.0.0.1:" + server.getLocalPort() + "/key";
  }

  /** Returns the bodies of all requests so far. */
  List<String> asked() {
    return List.copyOf(asked);
  }

  long asked(String method) {
    return asked.stream().filter(body -> body.contains('"' + method + '"')).count();
  }

  /** Ends all connections, as a restarted node does. */
  void drop() throws IOException {
    for (Socket socket : open) {
      socket.close();
    }
  }

  private void accept() {
    try {
      while (true) {
        Socket socket = server.accept();
        open.add(socket);
        Thread.ofVirtual().start(() -> serve(socket));
      }
    } catch (IOException closed) {
      // The test is over.
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      InputStream in = new BufferedInputStream(socket.getInputStream());
      String body = request(in);
      while (body != null) {
        asked.add(body);
        Answer answer = script.to(body);
        LockSupport.parkNanos(answer.delayMillis() * 1_000_000);
        if (!write(socket.getOutputStream(), answer)) {
          return;
        }
        body = request(in);
      }
    } catch (IOException gone) {
      // The client has ended the connection, as it may.
    } finally {
      open.remove(socket);
    }
  }

  private static boolean write(OutputStream out, Answer answer) throws IOException {
    byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
    String head =
        "HTTP/1.1 %d said\r\nContent-Length: %d\r\n%s\r\n"
            .formatted(answer.status(), body.length, answer.headers());
    out.write(head.getBytes(StandardCharsets.ISO_8859_1));
    boolean whole = answer.cutAt() < 0;
    out.write(body, 0, whole ? body.length : Math.min(body.length, answer.cutAt()));
    out.flush();
    return whole;
  }

  private static @Nullable String request(InputStream in) throws IOException {
    int length = 0;
    String line = line(in);
    if (line == null) {
      return null;
    }
    while (line != null && !line.isEmpty()) {
      if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
        length = Integer.parseInt(line.substring(15).strip());
      }
      line = line(in);
    }
    return new String(in.readNBytes(length), StandardCharsets.UTF_8);
  }

  private static @Nullable String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0) {
        return null;
      }
      if (b != '\r') {
        line.append((char) b);
      }
    }
    return line.toString();
  }

  @Override
  public void close() throws IOException {
    server.close();
    drop();
  }
}
