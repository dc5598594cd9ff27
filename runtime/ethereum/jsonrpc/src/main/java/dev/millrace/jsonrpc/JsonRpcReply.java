package dev.millrace.jsonrpc;

import org.jspecify.annotations.Nullable;

/** The reply to one call of a batch: a value, which may be null, or trouble. */
public record JsonRpcReply<T>(@Nullable T value, @Nullable RpcCallException trouble) {
  /** False if no reply to the call was received. */
  public boolean isThere() {
    return trouble == null || trouble.kind() != RpcCallException.Kind.TORN;
  }
}
