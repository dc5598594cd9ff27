package dev.millrace.jsonrpc;

import java.util.List;

/** Writes several calls as one JSON-RPC batch. */
final class JsonRpcBatchWriter {
  private JsonRpcBatchWriter() {}

  static StringBuilder text(List<JsonRpcCall> calls) {
    StringBuilder text = new StringBuilder(calls.size() * 128);
    for (JsonRpcCall call : calls) {
      text.append(text.isEmpty() ? '[' : ',');
      call.write(text);
    }
    return text.append(']');
  }
}
