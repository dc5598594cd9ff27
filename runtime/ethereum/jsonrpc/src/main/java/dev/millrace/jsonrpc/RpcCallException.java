package dev.millrace.jsonrpc;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** The reason why a call has no result. The text is for people and for tables of known texts. */
public final class RpcCallException extends IOException {
  private static final long serialVersionUID = 1L;

  /** The kind of failure, as far as a transport can see. */
  public enum Kind {
    /** The node answered with an error. */
    ERROR,
    /** The node, or a gateway before it, answered with a status that is not 200. */
    STATUS,
    /** There was no connection, or it ended before the reply was complete. */
    TORN,
    /** The reply is not JSON, or not the reply expected. */
    NONSENSE,
    /** The node does not have the block yet that the answer is about. */
    BEHIND,
    /** The node was silent for too long. */
    TIMEOUT,
    /** The reply is longer than the caller wants to read. */
    TOO_LARGE
  }

  private final Kind kind;
  private final long code;
  private final transient Optional<Duration> retryAfter;

  private RpcCallException(Kind kind, long code, String text, Optional<Duration> retryAfter) {
    super(text);
    this.kind = kind;
    this.code = code;
    this.retryAfter = retryAfter;
  }

  public static RpcCallException of(Kind kind, String text) {
    return new RpcCallException(kind, 0, text, Optional.empty());
  }

  /** Wraps the error object of a reply. */
  public static RpcCallException error(long code, String text) {
    return new RpcCallException(Kind.ERROR, code, text, Optional.empty());
  }

  /** Wraps a status that is not 200; its number is the text if the page is empty. */
  static RpcCallException status(int status, String text, Optional<Duration> retryAfter) {
    return new RpcCallException(
        Kind.STATUS, status, text.isBlank() ? "status " + status : text, retryAfter);
  }

  RpcCallException withText(String text) {
    if (text.equals(text())) {
      return this;
    }
    RpcCallException other = new RpcCallException(kind, code, text, retryAfter);
    other.setStackTrace(getStackTrace());
    return other;
  }

  public Kind kind() {
    return kind;
  }

  /** The code of the error, or the status; 0 if there is none. */
  public long code() {
    return code;
  }

  /** The text of the failure; never contains an address. */
  public String text() {
    String text = getMessage();
    return text == null ? "" : text;
  }

  /** The delay that the node asked for. */
  public Optional<Duration> retryAfter() {
    return retryAfter;
  }
}
