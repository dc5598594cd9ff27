package dev.millrace.jsonrpc;

import java.util.List;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Carries calls to one node. Many threads may call at once, best virtual ones: an interrupt ends
 * their wait.
 */
public sealed interface Transport extends AutoCloseable
    permits HttpTransport, SocketTransport, ExchangeTransport {
  static Transport to(Target target, WireSettings settings) {
    return target.isSocket()
        ? new SocketTransport(target, settings)
        : new HttpTransport(target, settings);
  }

  /** Creates a transport without a network. */
  static Transport over(Exchange exchange, WireSettings settings) {
    return new ExchangeTransport(exchange, settings);
  }

  /** Makes a call, once. */
  <T> @Nullable T call(Call call, ReplyReader<T> reader) throws Trouble, InterruptedException;

  /**
   * Makes several calls with one request. Their ids are consecutive.
   *
   * @return their replies, in the order of the calls
   * @throws Trouble if the batch as a whole has no reply
   */
  <T> List<Reply<T>> batch(List<Call> calls, ReplyReader<T> reader)
      throws Trouble, InterruptedException;

  /**
   * The number of connections that have ended so far, on either side: the next one may lead to
   * another node. Any thread may call this.
   */
  long endedConnections();

  /** Reports the numbers of new blocks from now on, if the transport can; false if it cannot. */
  boolean follow(LongConsumer heads);

  /** Ends all calls. */
  @Override
  void close();
}
