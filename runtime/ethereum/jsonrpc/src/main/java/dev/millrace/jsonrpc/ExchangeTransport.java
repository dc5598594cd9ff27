package dev.millrace.jsonrpc;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** Carries calls over an {@link Exchange}: the whole protocol except the connection. */
final class ExchangeTransport implements Transport {
  private final Exchange exchange;
  private final WireSettings settings;
  private final ConcurrentLinkedQueue<JsonInput> inputs = new ConcurrentLinkedQueue<>();

  ExchangeTransport(Exchange exchange, WireSettings settings) {
    this.exchange = exchange;
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
    JsonInput kept = inputs.poll();
    JsonInput in = kept == null ? new JsonInput() : kept;
    try {
      byte[] request = text.toString().getBytes(StandardCharsets.UTF_8);
      return reader.read(in.open(exchange.reply(request), settings.replyLimit()));
    } catch (IOException failed) {
      throw Dial.trouble(failed);
    } finally {
      inputs.offer(in);
    }
  }

  @Override
  public long endedConnections() {
    return 0;
  }

  @Override
  public boolean follow(LongConsumer heads) {
    return false;
  }

  @Override
  public void close() {}
}
