package dev.millrace.jsonrpc;

import java.util.List;

/** Writes several calls as one JSON-RPC batch. */
final class Batches {
  private Batches() {}

  static StringBuilder text(List<Call> calls) {
    StringBuilder text = new StringBuilder(calls.size() * 128);
    for (Call call : calls) {
      text.append(text.isEmpty() ? '[' : ',');
      call.write(text);
    }
    return text.append(']');
  }
}
