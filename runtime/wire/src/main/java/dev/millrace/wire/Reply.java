package dev.millrace.wire;

import org.jspecify.annotations.Nullable;

/** What came back for one call of a batch: a value, which may be null, or trouble. */
public record Reply<T>(@Nullable T value, @Nullable Trouble trouble) {
  /** False if nothing came back for the call. */
  public boolean isThere() {
    return trouble == null || trouble.kind() != Trouble.Kind.TORN;
  }
}
