package dev.millrace.devnode;

/** Fault in the answer to one request. */
public enum NodeFault {
  /** The connection breaks in the middle of the body. */
  DISCONNECT,
  /** The body is complete by its length, but half of the JSON is missing. */
  TRUNCATED,
  /** A page for people instead of JSON, with status 200. */
  HTML,
  /** HTTP 429. */
  TOO_MANY_REQUESTS,
  /** HTTP 503. */
  UNAVAILABLE,
  /** Status 200 and error -32005. */
  LIMIT_EXCEEDED,
  /** Status 200 and error -32603. */
  INTERNAL_ERROR,
  /** The answers of a batch come in the opposite order. */
  OUT_OF_ORDER,
  /** No logs, even if there are some. */
  NO_LOGS,
  /** Logs, but the last one is missing. */
  LOG_MISSING,
  /** The connection stays open and no answer comes. */
  SILENCE
}
