package dev.millrace.clickhouse;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.Arrays;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A proxy between a client and ClickHouse: on demand it hangs up when a response comes back, or
 * adds settings to requests.
 */
final class ClickHouseCuttingProxy implements AutoCloseable {
  private final ServerSocket listener;
  private final URI target;
  private final AtomicBoolean cut = new AtomicBoolean();
  private volatile String settings = "";
  private volatile String cutting = "";
  private final Queue<Socket> open = new ConcurrentLinkedQueue<>();

  ClickHouseCuttingProxy(String url) throws IOException {
    this.target = URI.create(url);
    this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  String url() {
    return "http://127.0.0.1:" + listener.getLocalPort();
  }

  /** Lets the next request reach the server and drops its response. */
  void cutNextAnswer() {
    cut.set(true);
  }

  /**
   * Lets the next request that names this table at its beginning reach the server and drops its
   * response.
   */
  void cutAnswerTo(String table) {
    cutting = table;
  }

  /** Adds these parameters to the URL of every request from now on. */
  void asking(String more) {
    settings = more;
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listener.accept();
        Socket server = new Socket(target.getHost(), target.getPort());
        open.add(client);
        open.add(server);
        AtomicBoolean answered = new AtomicBoolean(true);
        Thread.ofVirtual().start(() -> pass(client, server, false, answered));
        Thread.ofVirtual().start(() -> pass(server, client, true, answered));
      }
    } catch (IOException closed) {
      // the test is over
    }
  }

  /** Passes bytes on; a request begins where the one before it has been answered. */
  private void pass(Socket from, Socket to, boolean answers, AtomicBoolean answered) {
    byte[] buffer = new byte[1 << 16];
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        if (answers && cut.compareAndSet(true, false)) {
          return;
        }
        int sent = 0;
        if (answers) {
          answered.set(true);
        } else if (answered.compareAndSet(true, false)) {
          String named = cutting;
          if (!named.isEmpty() && new String(buffer, 0, count, US_ASCII).contains(named)) {
            cutting = "";
            cut.set(true);
          }
          sent = ask(buffer, out);
        }
        out.write(buffer, sent, count - sent);
        out.flush();
      }
    } catch (IOException ended) {
      // either side has hung up
    }
  }

  /** Sends the text before the parameters, and the settings; returns the length of the former. */
  private int ask(byte[] request, OutputStream out) throws IOException {
    String more = settings;
    byte[] begin = "POST /?".getBytes(US_ASCII);
    boolean begins = Arrays.equals(request, 0, begin.length, begin, 0, begin.length);
    if (more.isEmpty() || !begins) { // the rest of a request that was answered early
      return 0;
    }
    out.write(begin);
    out.write((more + "&").getBytes(US_ASCII));
    return begin.length;
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Socket socket : open) {
      socket.close();
    }
  }
}
