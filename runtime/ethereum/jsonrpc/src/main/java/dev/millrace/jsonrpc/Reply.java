package dev.millrace.jsonrpc;

import org.jspecify.annotations.Nullable;

/** The reply to one call of a batch: a value, which may be null, or trouble. */
public record Reply<T>(@Nullable T value, @Nullable Trouble trouble) {
  /** False if no reply to the call was received. */
  public boolean isThere() {
    return trouble == null || trouble.kind() != Trouble.Kind.TORN;
  }
}
