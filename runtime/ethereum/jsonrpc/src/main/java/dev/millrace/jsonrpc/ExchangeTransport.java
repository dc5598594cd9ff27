package dev.millrace.jsonrpc;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** Carries calls over an {@link ByteExchange}: the whole protocol except the connection. */
final class ExchangeTransport implements JsonRpcTransport {
  private final ByteExchange exchange;
  private final TransportSettings settings;
  private final ConcurrentLinkedQueue<JsonStreamReader> inputs = new ConcurrentLinkedQueue<>();

  ExchangeTransport(ByteExchange exchange, TransportSettings settings) {
    this.exchange = exchange;
    this.settings = settings;
  }

  @Override
  public <T> @Nullable T call(JsonRpcCall call, JsonRpcResultReader<T> reader)
      throws RpcCallException, InterruptedException {
    StringBuilder text = new StringBuilder(256);
    call.write(text);
    return exchange(text, in -> JsonRpcReplyReader.single(in, call, reader));
  }

  @Override
  public <T> List<JsonRpcReply<T>> batch(List<JsonRpcCall> calls, JsonRpcResultReader<T> reader)
      throws RpcCallException, InterruptedException {
    List<JsonRpcReply<T>> replies =
        exchange(JsonRpcBatchWriter.text(calls), in -> JsonRpcReplyReader.batch(in, calls, reader));
    return replies == null ? List.of() : replies;
  }

  private <T> @Nullable T exchange(StringBuilder text, JsonRpcResultReader<T> reader)
      throws RpcCallException, InterruptedException {
    JsonStreamReader kept = inputs.poll();
    JsonStreamReader in = kept == null ? new JsonStreamReader() : kept;
    try (InFlightByteBudget.Charge charge = settings.inFlight().begin()) {
      byte[] request = text.toString().getBytes(StandardCharsets.UTF_8);
      return reader.read(in.open(exchange.reply(request), settings.replyLimit(), charge::add));
    } catch (IOException failed) {
      throw SocketConnector.trouble(failed);
    } finally {
      inputs.offer(in);
    }
  }

  @Override
  public long endedConnections() {
    return 0;
  }

  @Override
  public boolean subscribeNewHeads(LongConsumer heads) {
    return false;
  }

  @Override
  public void close() {}
}
