package dev.millrace.wire;

import org.jspecify.annotations.Nullable;

/** What came back for one call of a batch: a value, which may be null, or trouble. */
public record Reply<T>(@Nullable T value, @Nullable Trouble trouble) {}
