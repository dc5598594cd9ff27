package dev.millrace.devnode;

import dev.millrace.devchain.DevChain;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * A node of a dev chain: JSON-RPC over HTTP and WebSocket on the loopback interface, with the
 * faults of its {@link NodeFaults}. Any number of nodes may serve one chain.
 *
 * <p>Each connection has a virtual thread of its own, and buffers that it uses again.
 */
public final class DevNode implements AutoCloseable {
  private final DevChain chain;
  private final NodeFaults faults;
  private final ServerSocket server;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final Map<String, LongAdder> requests = new ConcurrentHashMap<>();
  private final CountDownLatch closed = new CountDownLatch(1);

  private DevNode(DevChain chain, NodeFaults troubles, ServerSocket server) {
    this.chain = chain;
    this.faults = troubles;
    this.server = server;
  }

  /** Opens a node without troubles on any free port. */
  public static DevNode open(DevChain chain) {
    return open(chain, NodeFaults.none(), 0);
  }

  /**
   * Opens a node with troubles.
   *
   * @param port 0 for any free port
   */
  public static DevNode open(DevChain chain, NodeFaults troubles, int port) {
    try {
      ServerSocket server = new ServerSocket();
      server.setReuseAddress(true);
      server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 256);
      DevNode node = new DevNode(chain, troubles, server);
      Thread.ofVirtual().name("devnode-accept").start(node::accept);
      return node;
    } catch (IOException failed) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "port cannot be opened: port=%d reason=\"%s\"; take another one with --port"
              .formatted(port, failed.getMessage()),
          failed);
    }
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        open.add(socket);
        Thread.ofVirtual().name("devnode-connection").start(() -> serve(socket));
      } catch (IOException _) {
        // Closed, or out of descriptors for a moment: the loop's condition decides.
        Thread.onSpinWait();
      }
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      if (closed.getCount() > 0) {
        socket.setTcpNoDelay(true);
        new DevHttpConnection(this, socket).run();
      }
    } catch (IOException _) {
      // The client has gone; there is no one left to answer.
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      open.remove(socket);
    }
  }

  DevChain chain() {
    return chain;
  }

  /** Returns the faults of the node, which may be changed while it runs. */
  public NodeFaults faults() {
    return faults;
  }

  public int port() {
    return server.getLocalPort();
  }

  public String url() {
    return "http://127.0.0.1:" + port();
  }

  public String webSocketUrl() {
    return "ws://127.0.0.1:" + port();
  }

  void count(String method) {
    requests.computeIfAbsent(method, _ -> new LongAdder()).increment();
  }

  /** Returns the number of requests by method. */
  public Map<String, Long> requests() {
    Map<String, Long> counts = new TreeMap<>();
    requests.forEach((method, count) -> counts.put(method, count.sum()));
    return counts;
  }

  public long requests(String method) {
    return requests().getOrDefault(method, 0L);
  }

  /** Waits; ends early when the node closes. */
  void pause(Duration time) throws InterruptedException {
    if (time.isPositive() && closed.await(time.toNanos(), TimeUnit.NANOSECONDS)) {
      throw new InterruptedException("node was closed: port=" + port());
    }
  }

  boolean isClosed() {
    return closed.getCount() == 0;
  }

  /** Breaks all connections; clients may reconnect. */
  public void disconnectAll() {
    for (Socket socket : open) {
      try {
        socket.close();
      } catch (IOException _) {
        // It was closed already.
      }
    }
  }

  @Override
  public void close() {
    closed.countDown();
    try {
      server.close();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } finally {
      disconnectAll();
      chain.wake();
    }
  }
}
