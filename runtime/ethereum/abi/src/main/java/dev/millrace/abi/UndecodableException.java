package dev.millrace.abi;

/**
 * Thrown if a log does not match its signature. Anyone can write any number of such logs, so the
 * exception is cheap: it has no stack trace.
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
