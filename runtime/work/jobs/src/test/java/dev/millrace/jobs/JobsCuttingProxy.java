package dev.millrace.jobs;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A proxy between jobs and PostgreSQL that cuts one connection at the n-th packet that clients
 * send, counted over all connections: before the server has it, or after, so that its reply is
 * lost.
 */
final class JobsCuttingProxy implements AutoCloseable {
  /** The moment of the cut. */
  enum CutMoment {
    BEFORE,
    REPLY_LOST
  }

  private final ServerSocket listener;
  private final URI target;
  private final CutMoment cut;
  private final long at;
  private final AtomicLong packets = new AtomicLong();
  private final CountDownLatch keepOpen = new CountDownLatch(1);
  private final Queue<Socket> open = new ConcurrentLinkedQueue<>();

  JobsCuttingProxy(String jdbcUrl, CutMoment cut, long at) throws IOException {
    this.target = URI.create(jdbcUrl.substring("jdbc:".length()));
    this.cut = cut;
    this.at = at;
    this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  String url() {
    return "jdbc:postgresql://127.0.0.1:%d%s".formatted(listener.getLocalPort(), target.getPath());
  }

  /** True once the connection was cut: the program has sent as many packets. */
  boolean hasCut() {
    return packets.get() >= at;
  }

  /** Number of packets that clients have sent. */
  long packets() {
    return packets.get();
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listener.accept();
        Socket server = new Socket(target.getHost(), target.getPort());
        open.add(client);
        open.add(server);
        Thread.ofVirtual().start(() -> forwardRequests(client, server));
        Thread.ofVirtual().start(() -> forwardReplies(client, server));
      }
    } catch (IOException closed) {
      close();
    }
  }

  private void forwardRequests(Socket client, Socket server) {
    byte[] buffer = new byte[1 << 16];
    try {
      InputStream in = client.getInputStream();
      OutputStream out = server.getOutputStream();
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        boolean now = packets.incrementAndGet() == at;
        if (now) {
          client.close(); // first, so that no reply slips through
        }
        if (now && cut == CutMoment.BEFORE) {
          break;
        }
        out.write(buffer, 0, count);
        out.flush();
        if (now) {
          keepOpen.await(1, TimeUnit.SECONDS); // the server must not notice before it has committed
          break;
        }
      }
      server.close();
    } catch (IOException | InterruptedException gone) {
      closeQuietly(server);
    }
  }

  private static void forwardReplies(Socket client, Socket server) {
    byte[] buffer = new byte[1 << 16];
    try {
      InputStream in = server.getInputStream();
      OutputStream out = client.getOutputStream();
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
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
    keepOpen.countDown();
    try {
      listener.close();
    } catch (IOException _) {
      // The socket is closed in either case.
    }
    open.forEach(JobsCuttingProxy::closeQuietly);
  }
}
