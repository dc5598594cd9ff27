package dev.millrace.jsonrpc;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * HTTP/1.1 with persistent connections. A call has a connection to itself, from the request to the
 * last byte of the reply. The connection used last is taken first, so that surplus connections grow
 * idle and are closed by the other side.
 */
final class HttpTransport implements RequestTransport {
  private final EndpointUrl target;
  private final TransportSettings settings;
  private final ConcurrentLinkedDeque<HttpConnection> idle = new ConcurrentLinkedDeque<>();
  private final Set<HttpConnection> open = ConcurrentHashMap.newKeySet();
  private final AtomicLong ended = new AtomicLong();
  private volatile boolean closed;

  HttpTransport(EndpointUrl target, TransportSettings settings) {
    this.target = target;
    this.settings = settings;
  }

  @Override
  public <T> @Nullable T exchange(
      List<JsonRpcCall> calls, byte[] request, JsonRpcResultReader<T> reader)
      throws RpcCallException, InterruptedException {
    try {
      return finish(connectionFor(request), reader);
    } catch (IOException failed) {
      throw target.conceal(SocketConnector.trouble(failed));
    }
  }

  /** Returns a connection on which the request is sent and the reply has begun. */
  private HttpConnection connectionFor(byte[] body) throws IOException {
    for (HttpConnection kept = idle.pollFirst(); kept != null; kept = idle.pollFirst()) {
      // Connections that were idle too long are closed by the other side; the call goes on.
      if (isSent(kept, body)) {
        return kept;
      }
    }
    HttpConnection fresh = new HttpConnection(target, settings);
    open.add(fresh);
    if (!isSent(fresh, body)) {
      throw RpcCallException.of(
          RpcCallException.Kind.TORN,
          closed ? "transport is closed" : "connection ended before the reply");
    }
    return fresh;
  }

  /** Sends a request. Closes a connection without a reply, however the wait ended. */
  private boolean isSent(HttpConnection connection, byte[] body) throws IOException {
    boolean isSent = false;
    try {
      isSent = !closed && connection.send(body);
      return isSent;
    } finally {
      if (!isSent) {
        discard(connection);
      }
    }
  }

  private <T> @Nullable T finish(HttpConnection connection, JsonRpcResultReader<T> reader)
      throws IOException {
    boolean reusable = false;
    try {
      T value = connection.receive(reader);
      reusable = connection.isReusable();
      return value;
    } catch (RpcCallException trouble) {
      // A reply to another call shows that requests and replies are out of step.
      reusable = trouble.kind() != RpcCallException.Kind.NONSENSE && connection.isReusable();
      throw trouble;
    } finally {
      if (reusable && !closed) {
        idle.addFirst(connection);
      } else {
        discard(connection);
      }
    }
  }

  private void discard(HttpConnection connection) {
    ended.incrementAndGet();
    open.remove(connection);
    connection.close();
  }

  @Override
  public long endedConnections() {
    return ended.get();
  }

  @Override
  public boolean subscribeNewHeads(LongConsumer heads) {
    return false;
  }

  @Override
  public void close() {
    closed = true;
    open.forEach(this::discard);
  }
}
