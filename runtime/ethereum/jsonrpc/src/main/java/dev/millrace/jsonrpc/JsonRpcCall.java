package dev.millrace.jsonrpc;

/**
 * A request. The parameters are JSON already.
 *
 * @param id identifies the reply; unique among the pending calls of a transport
 */
public record JsonRpcCall(long id, String method, String params) {
  void write(StringBuilder target) {
    target.append("{\"jsonrpc\":\"2.0\",\"id\":").append(id);
    target.append(",\"method\":\"").append(method);
    target.append("\",\"params\":").append(params).append('}');
  }
}
