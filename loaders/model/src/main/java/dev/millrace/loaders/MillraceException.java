package dev.millrace.loaders;

import org.jspecify.annotations.Nullable;

/** An error that Millrace raises on purpose. The message reads {@code rule: name=value}. */
public class MillraceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Remedy remedy;

  public MillraceException(Remedy remedy, String message) {
    this(remedy, message, null);
  }

  public MillraceException(Remedy remedy, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.remedy = remedy;
  }

  public final Remedy remedy() {
    return remedy;
  }
}
