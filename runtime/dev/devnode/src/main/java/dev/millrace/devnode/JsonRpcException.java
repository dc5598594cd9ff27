package dev.millrace.devnode;

/** An error in reply to a request. */
final class JsonRpcException extends Exception {
  private static final long serialVersionUID = 1L;

  static final int PARSE = -32700;
  static final int REQUEST = -32600;
  static final int METHOD = -32601;
  static final int PARAMS = -32602;
  static final int SERVER = -32000;

  private final int code;

  JsonRpcException(int code, String message) {
    super(message, null, false, false);
    this.code = code;
  }

  int code() {
    return code;
  }

  String text() {
    return String.valueOf(getMessage());
  }
}
