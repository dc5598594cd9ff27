package dev.millrace.chdb;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * ClickHouse's HTTP interface on loopback. A platform thread for each client: it moves bytes
 * between a socket and a pipe, both of which block.
 */
final class HttpServer implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration LONGEST_SILENCE = Duration.ofMinutes(5);
  private static final Duration A_MOMENT = Duration.ofMillis(200);
  private static final String HOST = "127.0.0.1";

  private final ServerSocket listener;
  private final ExecutorService threads =
      Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name("client-", 0).factory());
  private final Clients clients = new Clients(System::nanoTime);
  private final CountDownLatch closed = new CountDownLatch(1);

  HttpServer(int port) throws IOException {
    listener = new ServerSocket();
    listener.setReuseAddress(true);
    listener.bind(new InetSocketAddress(InetAddress.ofLiteral(HOST), port), 128);
  }

  ExecutorService threads() {
    return threads;
  }

  /** Until the server is closed. */
  void serve(Engine engine, QueryHandler handler) {
    threads.execute(this::watch);
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        threads.execute(() -> converse(client, engine, handler));
      } catch (IOException e) {
        if (!listener.isClosed()) {
          System.err.println("client cannot be accepted: " + e);
          LockSupport.parkNanos(
              A_MOMENT.toNanos()); // for want of a descriptor, it would fail again
        }
      } catch (Throwable broken) {
        // Without this thread nobody is heard any more; a new process is.
        System.err.println("clients cannot be served any more: " + broken);
        Runtime.getRuntime().halt(1);
      }
    }
  }

  private void watch() {
    try {
      while (!closed.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
        clients.closeStalled(LONGEST_SILENCE);
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts the threads of clients", e);
    }
  }

  private void converse(Socket client, Engine engine, QueryHandler handler) {
    try (client) {
      client.setTcpNoDelay(true);
      BufferedInputStream in = new BufferedInputStream(client.getInputStream(), 1 << 16);
      OutputStream out = clients.join(client);
      boolean goesOn = true;
      while (goesOn) {
        client.setSoTimeout((int) PATIENCE.toMillis());
        Optional<Request> request = Request.read(in, out);
        client.setSoTimeout((int) LONGEST_SILENCE.toMillis());
        goesOn =
            request.isPresent()
                && answer(request.get(), new Reply(out, request.get()), engine, handler);
      }
    } catch (IOException | ChdbException e) {
      // The client is gone, or never spoke HTTP; its query has ended with its pipe.
    } finally {
      clients.leave(client);
    }
  }

  private static boolean answer(Request request, Reply reply, Engine engine, QueryHandler handler)
      throws IOException {
    try (reply) {
      return answerWith(request, reply, engine, handler);
    }
  }

  private static boolean answerWith(
      Request request, Reply reply, Engine engine, QueryHandler handler) throws IOException {
    reply.header("Content-Type", "text/plain; charset=UTF-8");
    reply.header("X-ClickHouse-Server-Display-Name", "millrace");
    reply.header("X-ClickHouse-Timezone", engine.timezone());
    String tag = UUID.randomUUID().toString().replace("-", "").substring(0, 16);
    reply.header("X-ClickHouse-Exception-Tag", tag);
    try {
      route(request, reply, handler);
    } catch (ChdbException refused) {
      refuse(request, reply, refused, tag, engine.version());
    }
    // Before the next request, what is left of this one.
    return reply.keepsAlive() && request.body().drain();
  }

  private static void route(Request request, Reply reply, QueryHandler handler) throws IOException {
    switch (request.path()) {
      case "/ping", "/replicas_status" -> say(reply, 200, "Ok.\n");
      case "/", "" -> {
        boolean reads = request.method().equals("GET") || request.method().equals("HEAD");
        if (reads && request.parameter("query").isEmpty()) {
          say(reply, 200, "Ok.\n");
        } else {
          handler.handle(request, reply);
        }
      }
      default ->
          say(
              reply,
              404,
              "There is no handle " + request.path() + "\nUse / or /ping for health checks.\n");
    }
  }

  private static void say(Reply reply, int status, String text) throws IOException {
    reply.status(status);
    reply.write(text.getBytes(UTF_8));
    reply.end();
  }

  private static void refuse(
      Request request, Reply reply, ChdbException refused, String tag, String version)
      throws IOException {
    if (reply.hasBegun()) {
      String message = refused.body(version);
      String marker = "\r\n__exception__\r\n";
      String tail = message.getBytes(UTF_8).length + " " + tag + marker;
      OutputStream out = Encoding.of(request).wrap(reply);
      // In one piece: clients look for all of it in one chunk.
      out.write((marker + tag + "\r\n" + message + tail).getBytes(UTF_8));
      Encoding.finish(out);
      reply.breakOff();
      return;
    }
    // A client that still sends would not read: it is heard to the end, or left.
    if (!request.body().drain()) {
      reply.closeAfterwards();
    }
    reply.clear();
    reply.status(refused.status());
    reply.header("Content-Type", "text/plain; charset=UTF-8");
    reply.header("X-ClickHouse-Exception-Code", Integer.toString(refused.code()));
    if (refused.status() == 401) {
      reply.header("WWW-Authenticate", "Basic realm=\"ClickHouse server HTTP API\"");
    }
    boolean plain = refused.status() == 401 || refused.status() == 403;
    OutputStream out = (plain ? Encoding.PLAIN : Encoding.of(request)).wrap(reply);
    if (plain) {
      reply.removeHeader("Content-Encoding");
    }
    out.write(refused.body(version).getBytes(UTF_8));
    Encoding.finish(out);
    reply.end();
  }

  /** Takes no more clients and leaves those there are. */
  @Override
  public void close() throws IOException {
    listener.close();
    closed.countDown();
    clients.closeAll();
    threads.close();
  }
}
