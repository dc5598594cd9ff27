package dev.millrace.servers;

import org.jspecify.annotations.Nullable;

/** The server cannot be started; the message names the rule, the values and a way out. */
public final class EmbeddedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public EmbeddedException(String message) {
    this(message, null);
  }

  public EmbeddedException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
