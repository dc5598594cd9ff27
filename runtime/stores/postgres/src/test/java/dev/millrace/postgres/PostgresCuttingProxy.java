package dev.millrace.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A proxy between a client and PostgreSQL that on demand forwards one request of the committing
 * session and closes the connection before the reply can come back.
 */
final class PostgresCuttingProxy implements AutoCloseable {
  /** Part of the application name of such a session. */
  private static final String COMMITS = " commits ";

  private final ServerSocket listener;
  private final URI target;
  private final AtomicBoolean cut = new AtomicBoolean();
  private volatile boolean silent;
  private volatile boolean renumbering;
  private final AtomicLong requests = new AtomicLong();
  private final Queue<Socket> open = new ConcurrentLinkedQueue<>();

  PostgresCuttingProxy(String jdbcUrl) throws IOException {
    this.target = URI.create(jdbcUrl.substring("jdbc:".length()));
    this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  String url() {
    return "jdbc:postgresql://127.0.0.1:%d%s".formatted(listener.getLocalPort(), target.getPath());
  }

  /** Number of packets that the committing sessions have sent: a statement is one. */
  long requests() {
    return requests.get();
  }

  /** Forwards the next request and drops its reply. */
  void cutAfterNextRequest() {
    cut.set(true);
  }

  /** Stops all traffic without ending a connection. */
  void fallSilent() {
    silent = true;
  }

  /** Behaves like a pooler: the backend pid that a session gets is not the server's. */
  PostgresCuttingProxy renumbering() {
    renumbering = true;
    return this;
  }

  /** A message of type K has its length, then the pid, then the key. */
  private static void renumber(byte[] bytes, int count) {
    for (int i = 0; i + 12 < count; i++) {
      if (bytes[i] == 'K' && bytes[i + 3] == 0 && bytes[i + 4] == 12 && bytes[i + 1] == 0) {
        bytes[i + 5] = 0x3f; // far above every process id
      }
    }
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listener.accept();
        Socket server = new Socket(target.getHost(), target.getPort());
        open.add(client);
        open.add(server);
        Thread.ofVirtual().start(() -> requests(client, server));
        Thread.ofVirtual().start(() -> answers(client, server));
      }
    } catch (IOException closed) {
      close();
    }
  }

  private void requests(Socket client, Socket server) {
    byte[] buffer = new byte[1 << 16];
    try {
      InputStream in = client.getInputStream();
      OutputStream out = server.getOutputStream();
      boolean commits = false;
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        commits |= new String(buffer, 0, count, StandardCharsets.ISO_8859_1).contains(COMMITS);
        requests.addAndGet(commits ? 1 : 0);
        if (commits && cut.compareAndSet(true, false)) {
          client.close(); // first, so that no answer slips through
          out.write(buffer, 0, count);
          out.flush();
          return; // the server's side stays open: it must not notice before it has committed
        }
        if (!silent) {
          out.write(buffer, 0, count);
          out.flush();
        }
      }
      server.close();
    } catch (IOException gone) {
      closeQuietly(server);
    }
  }

  private void answers(Socket client, Socket server) {
    byte[] buffer = new byte[1 << 16];
    try {
      InputStream in = server.getInputStream();
      OutputStream out = client.getOutputStream();
      boolean first = renumbering;
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        if (first) {
          renumber(buffer, count);
          first = buffer[count - 1] != 'I'; // ready for the first query
        }
        out.write(buffer, 0, count);
        out.flush();
      }
      client.close();
    } catch (IOException gone) {
      closeQuietly(client);
    }
  }

  private static void closeQuietly(Socket socket) {
    try {
      socket.close();
    } catch (IOException _) {
      // The socket is of no use any more in either case.
    }
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException _) {
      // The socket is closed in either case.
    }
    open.forEach(PostgresCuttingProxy::closeQuietly);
  }
}
