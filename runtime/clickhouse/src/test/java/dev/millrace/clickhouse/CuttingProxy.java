package dev.millrace.clickhouse;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;

/** Stands between a client and ClickHouse, and on demand hangs up when an answer comes back. */
final class CuttingProxy implements AutoCloseable {
  private final ServerSocket listener;
  private final URI target;
  private final AtomicBoolean cut = new AtomicBoolean();
  private final Queue<Socket> open = new ConcurrentLinkedQueue<>();

  CuttingProxy(String url) throws IOException {
    this.target = URI.create(url);
    this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  String url() {
    return "http://127.0.0.1:" + listener.getLocalPort();
  }

  /** The next request reaches the server, and its answer reaches nobody. */
  void cutNextAnswer() {
    cut.set(true);
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listener.accept();
        Socket server = new Socket(target.getHost(), target.getPort());
        open.add(client);
        open.add(server);
        Thread.ofVirtual().start(() -> pass(client, server, false));
        Thread.ofVirtual().start(() -> pass(server, client, true));
      }
    } catch (IOException closed) {
      // the test is over
    }
  }

  private void pass(Socket from, Socket to, boolean answers) {
    byte[] buffer = new byte[1 << 16];
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        if (answers && cut.compareAndSet(true, false)) {
          return;
        }
        out.write(buffer, 0, count);
        out.flush();
      }
    } catch (IOException ended) {
      // either side has hung up
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Socket socket : open) {
      socket.close();
    }
  }
}
