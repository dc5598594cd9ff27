package dev.millrace.jsonrpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Nodes that are never silent and never done, where a socket timeout does not help.
 *
 * <p>Runs on separate threads: a call without a deadline waits in a read that no interrupt ends,
 * and the test would hang instead of failing.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class DeadlineSocketTest {
  /** More than the handshake of a small certificate, less than a record of the reply. */
  private static final int BEFORE_THE_DRIP = 4_000;

  @Test
  @Tag("F47")
  @DisplayName("F47 a TLS handshake that drips ends at the deadline")
  void call_endsWhereAHandshakeDrips() throws Exception {
    try (Listener listener =
            new Listener(socket -> {
              OutputStream out = socket.getOutputStream();
              out.write(new byte[] {0x16, 3, 3, 0x40, 0});
              drip(out, new byte[] {2});
            });
        JsonRpcTransport transport = transport("https", listener.port())) {
      assertThat(kind(transport, "[]")).isEqualTo(RpcCallException.Kind.TIMEOUT);
    }
  }

  @Test
  @Tag("F47")
  @DisplayName("F47 a record of TLS that drips ends at the deadline")
  void call_endsWhereARecordDrips(@TempDir Path directory) throws Exception {
    SSLContext before = SSLContext.getDefault();
    SSLContext.setDefault(TlsTest.context(TlsTest.store(directory, "ours", "ip:127.0.0.1")));
    String reply = "{\"id\":7," + " ".repeat(15_000) + "\"result\":\"0x5\"}";
    byte[] whole =
        HostileServer.bytes(
            "HTTP/1.1 200 OK\r\nContent-Length: " + reply.length() + "\r\n\r\n" + reply);
    ServerSocket secured =
        SSLContext.getDefault()
            .getServerSocketFactory()
            .createServerSocket(0, 50, InetAddress.getLoopbackAddress());
    try (HostileServer server =
            new HostileServer(
                secured,
                (head, in, out) -> {
                  out.write(whole);
                  return true;
                });
        Listener proxy = new Listener(socket -> forward(socket, server.port()));
        JsonRpcTransport transport = transport("https", proxy.port())) {
      assertThat(kind(transport, "[]")).isEqualTo(RpcCallException.Kind.TIMEOUT);
    } finally {
      SSLContext.setDefault(before);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"http", "ws"})
  @Tag("F48")
  @DisplayName("F48 a request that the node does not read ends at the deadline")
  void call_endsWhereANodeReadsNothing(String scheme) throws Exception {
    try (Listener listener =
            new Listener(socket -> {
              if (scheme.equals("ws")) {
                WebSocketTransportTest.shakeHands(
                    HostileServer.head(socket.getInputStream()), socket.getOutputStream());
                drip(socket.getOutputStream(), new byte[] {(byte) 0x89, 0}); // pings
              }
              LockSupport.parkNanos(Duration.ofMinutes(2).toNanos());
            });
        JsonRpcTransport transport = transport(scheme, listener.port())) {
      assertThat(kind(transport, "[\"" + "a".repeat(16 << 20) + "\"]"))
          .isEqualTo(RpcCallException.Kind.TIMEOUT);
    }
  }

  /** Forwards both ways; after {@link #BEFORE_THE_DRIP} bytes, the server drips. */
  private static void forward(Socket client, int port) throws IOException {
    try (Socket server = new Socket(InetAddress.getLoopbackAddress(), port)) {
      Thread.ofVirtual()
          .start(() -> {
            try {
              client.getInputStream().transferTo(server.getOutputStream());
            } catch (IOException _) {
              // The test is over.
            }
          });
      InputStream in = server.getInputStream();
      OutputStream out = client.getOutputStream();
      for (int sent = 0, next = in.read(); next >= 0; sent++, next = in.read()) {
        out.write(next);
        LockSupport.parkNanos(sent < BEFORE_THE_DRIP ? 0 : 100_000_000);
      }
    }
  }

  private static void drip(OutputStream out, byte[] drop) throws IOException {
    while (true) {
      out.write(drop);
      out.flush();
      LockSupport.parkNanos(100_000_000);
    }
  }

  private static RpcCallException.Kind kind(JsonRpcTransport transport, String params) {
    return catchThrowableOfType(
            RpcCallException.class,
            () ->
                transport.call(
                    new JsonRpcCall(7, "eth_chainId", params), JsonStreamReader::quantity))
        .kind();
  }

  private static JsonRpcTransport transport(String scheme, int port) {
    return JsonRpcTransport.to(
        EndpointUrl.of(scheme + "://127.0.0.1:" + port + "/"),
        new TransportSettings(Duration.ofSeconds(1), 1 << 20));
  }

  /** Serves one connection. */
  private interface Script {
    void serve(Socket socket) throws IOException;
  }

  /** A server below HTTP with small buffers. */
  private static final class Listener implements AutoCloseable {
    private final ServerSocket server = new ServerSocket();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    Listener(Script script) throws IOException {
      server.setReceiveBufferSize(4096);
      server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      Thread.ofVirtual().start(() -> accept(script));
    }

    int port() {
      return server.getLocalPort();
    }

    private void accept(Script script) {
      try {
        while (true) {
          Socket socket = server.accept();
          open.add(socket);
          Thread.ofVirtual().start(() -> serve(script, socket));
        }
      } catch (IOException _) {
        // The test is over.
      }
    }

    private static void serve(Script script, Socket socket) {
      try (socket) {
        script.serve(socket);
      } catch (IOException _) {
        // The client has ended the connection, as it should.
      }
    }

    @Override
    public void close() throws IOException {
      server.close();
      for (Socket socket : open) {
        socket.close();
      }
    }
  }
}
