package dev.millrace.jsonrpc;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** Carries calls over an {@link ByteExchange}: the whole protocol except the connection. */
final class ExchangeTransport implements RequestTransport {
  private final ByteExchange exchange;
  private final TransportSettings settings;
  private final ConcurrentLinkedQueue<JsonStreamReader> inputs = new ConcurrentLinkedQueue<>();

  ExchangeTransport(ByteExchange exchange, TransportSettings settings) {
    this.exchange = exchange;
    this.settings = settings;
  }

  @Override
  public <T> @Nullable T exchange(
      List<JsonRpcCall> calls, byte[] request, JsonRpcResultReader<T> reader)
      throws RpcCallException, InterruptedException {
    JsonStreamReader kept = inputs.poll();
    JsonStreamReader in = kept == null ? new JsonStreamReader() : kept;
    try (InFlightByteBudget.Charge charge = settings.inFlight().begin()) {
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
