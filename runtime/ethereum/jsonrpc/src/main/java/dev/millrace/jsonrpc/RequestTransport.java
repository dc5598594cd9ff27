package dev.millrace.jsonrpc;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A transport that sends calls as the text of one request and reads one reply to it. */
sealed interface RequestTransport extends JsonRpcTransport
    permits HttpTransport, WebSocketTransport, ExchangeTransport {
  @Override
  default <T> @Nullable T call(JsonRpcCall call, JsonRpcResultReader<T> reader)
      throws RpcCallException, InterruptedException {
    StringBuilder text = new StringBuilder(256);
    call.write(text);
    return exchange(List.of(call), bytes(text), in -> JsonRpcReplyReader.single(in, call, reader));
  }

  @Override
  default <T> List<JsonRpcReply<T>> batch(List<JsonRpcCall> calls, JsonRpcResultReader<T> reader)
      throws RpcCallException, InterruptedException {
    StringBuilder text = new StringBuilder(calls.size() * 128);
    for (JsonRpcCall call : calls) {
      text.append(text.isEmpty() ? '[' : ',');
      call.write(text);
    }
    List<JsonRpcReply<T>> replies =
        exchange(calls, bytes(text.append(']')), in -> JsonRpcReplyReader.batch(in, calls, reader));
    return replies == null ? List.of() : replies;
  }

  private static byte[] bytes(StringBuilder text) {
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  /** Sends the request that makes these calls, and reads the reply. */
  <T> @Nullable T exchange(List<JsonRpcCall> calls, byte[] request, JsonRpcResultReader<T> reader)
      throws RpcCallException, InterruptedException;
}
