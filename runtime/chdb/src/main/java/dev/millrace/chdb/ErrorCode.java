package dev.millrace.chdb;

/** The errors that this server raises itself, and the HTTP status of every error. */
enum ErrorCode {
  BAD_REQUEST_PARAMETER(36),
  NOT_IMPLEMENTED(48),
  SYNTAX_ERROR(62),
  ATTEMPT_TO_READ_AFTER_EOF(32),
  UNKNOWN_TYPE_OF_QUERY(78),
  READONLY(164),
  INTO_OUTFILE_NOT_ALLOWED(155),
  REQUIRED_PASSWORD(194),
  TOO_MANY_SIMULTANEOUS_QUERIES(202),
  CANNOT_DECOMPRESS(271),
  QUERY_IS_TOO_LARGE(229),
  QUERY_WAS_CANCELLED(394),
  AUTHENTICATION_FAILED(516),
  UNKNOWN_EXCEPTION(1002);

  private final int number;

  ErrorCode(int number) {
    this.number = number;
  }

  int number() {
    return number;
  }

  /** Retries and alarms of clients go by the status where they do not read the number. */
  static int status(int code) {
    return switch (code) {
      case 194 -> 401;
      case 192, 193, 291, 497, 516 -> 403;
      case 6,
          26,
          27,
          32,
          33,
          36,
          38,
          41,
          43,
          53,
          62,
          69,
          70,
          72,
          117,
          158,
          164,
          321,
          349,
          456,
          457 ->
          400;
      case 46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 336, 387 -> 404;
      case 229 -> 413;
      case 48 -> 501;
      case 381 -> 411;
      case 439 -> 503;
      case 159, 209 -> 408;
      default -> 500;
    };
  }
}
