package dev.millrace.abi;

/**
 * A log does not say what its signature promises. Anyone can write any number of such logs, so this
 * is cheap: it has no stack trace.
 */
public final class UndecodableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  UndecodableException(String message) {
    super(message, null, false, false);
  }

  UndecodableException(String message, Throwable cause) {
    super(message, cause, false, false);
  }
}
