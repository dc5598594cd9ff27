package dev.millrace.wire;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * HTTP/1.1 with connections that are kept. One call at a time uses a connection, from the request
 * to the last byte of the reply; the connection used last is taken first, so those that are not
 * needed grow old and are closed by the other side.
 */
final class HttpTransport implements Transport {
  private final Target target;
  private final WireSettings settings;
  private final ConcurrentLinkedDeque<HttpConnection> idle = new ConcurrentLinkedDeque<>();
  private final Set<HttpConnection> open = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  HttpTransport(Target target, WireSettings settings) {
    this.target = target;
    this.settings = settings;
  }

  @Override
  public <T> @Nullable T call(Call call, ReplyReader<T> reader)
      throws Trouble, InterruptedException {
    StringBuilder text = new StringBuilder(256);
    call.write(text);
    return exchange(text, in -> Envelope.single(in, call, reader));
  }

  @Override
  public <T> List<Reply<T>> batch(List<Call> calls, ReplyReader<T> reader)
      throws Trouble, InterruptedException {
    List<Reply<T>> replies = exchange(Batches.text(calls), in -> Envelope.batch(in, calls, reader));
    return replies == null ? List.of() : replies;
  }

  private <T> @Nullable T exchange(StringBuilder text, ReplyReader<T> reader)
      throws Trouble, InterruptedException {
    byte[] body = text.toString().getBytes(StandardCharsets.UTF_8);
    try {
      HttpConnection kept = idle.pollFirst();
      while (kept != null && !kept.send(body)) {
        // The other side closes what was idle for too long; that says nothing about the call.
        discard(kept);
        kept = idle.pollFirst();
      }
      return finish(kept == null ? dialled(body) : kept, reader);
    } catch (IOException failed) {
      throw target.conceal(Dial.trouble(failed));
    }
  }

  private HttpConnection dialled(byte[] body) throws IOException {
    HttpConnection fresh = new HttpConnection(target, settings);
    open.add(fresh);
    if (closed || !fresh.send(body)) {
      discard(fresh);
      throw Trouble.of(
          Trouble.Kind.TORN, closed ? "transport is closed" : "connection ended before the reply");
    }
    return fresh;
  }

  private <T> @Nullable T finish(HttpConnection connection, ReplyReader<T> reader)
      throws IOException {
    boolean reusable = false;
    try {
      T value = connection.receive(reader);
      reusable = connection.isReusable();
      return value;
    } catch (Trouble trouble) {
      reusable = connection.isReusable();
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
    open.remove(connection);
    connection.close();
  }

  @Override
  public boolean follow(LongConsumer heads) {
    return false;
  }

  @Override
  public void close() {
    closed = true;
    open.forEach(this::discard);
  }
}
