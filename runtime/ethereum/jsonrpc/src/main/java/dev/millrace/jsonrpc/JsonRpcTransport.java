package dev.millrace.jsonrpc;

import java.util.List;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Carries calls to one node. Many threads may call at once, best virtual ones: an interrupt ends
 * their wait.
 */
public sealed interface JsonRpcTransport extends AutoCloseable permits RequestTransport {
  static JsonRpcTransport to(EndpointUrl target, TransportSettings settings) {
    return target.isSocket()
        ? new WebSocketTransport(target, settings)
        : new HttpTransport(target, settings);
  }

  /** Creates a transport without a network. */
  static JsonRpcTransport over(ByteExchange exchange, TransportSettings settings) {
    return new ExchangeTransport(exchange, settings);
  }

  /** Makes a call, once. */
  <T> @Nullable T call(JsonRpcCall call, JsonRpcResultReader<T> reader)
      throws RpcCallException, InterruptedException;

  /**
   * Makes several calls with one request. Their ids are consecutive.
   *
   * @return their replies, in the order of the calls
   * @throws RpcCallException if the batch as a whole has no reply
   */
  <T> List<JsonRpcReply<T>> batch(List<JsonRpcCall> calls, JsonRpcResultReader<T> reader)
      throws RpcCallException, InterruptedException;

  /**
   * The number of connections that have ended so far, on either side: the next one may lead to
   * another node. Any thread may call this.
   */
  long endedConnections();

  /** Reports the numbers of new blocks from now on, if the transport can; false if it cannot. */
  boolean subscribeNewHeads(LongConsumer heads);

  /** Ends all calls. */
  @Override
  void close();
}
