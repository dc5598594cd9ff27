package dev.millrace.devnode;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Answers the text of a request, single or batch. Confined to one thread. */
final class JsonRpcExchange {
  private final DevNodeMethods methods;
  private final JsonByteWriter out;
  private final Consumer<String> seen;
  private @Nullable Other other;

  /** Methods that only some transports support. */
  interface Other {
    /** Returns the answer, or null for an unknown method. */
    DevNodeMethods.@Nullable Answer answer(String method, JsonRpcParams params)
        throws JsonRpcException;
  }

  JsonRpcExchange(DevNodeMethods methods, JsonByteWriter out, Consumer<String> seen) {
    this.methods = methods;
    this.out = out;
    this.seen = seen;
  }

  JsonRpcExchange with(Other more) {
    other = more;
    return this;
  }

  /** Returns the number of calls in a request. */
  static int count(@Nullable Object request) {
    return request instanceof List<?> list ? list.size() : 1;
  }

  void answer(@Nullable Object request, @Nullable NodeFault fault) throws IOException {
    if (!(request instanceof List<?> list)) {
      one(request, fault);
      return;
    }
    if (list.isEmpty()) {
      refuse(null, new JsonRpcException(JsonRpcException.REQUEST, "empty batch"));
      return;
    }
    List<@Nullable Object> requests = new ArrayList<@Nullable Object>(list);
    if (fault == NodeFault.OUT_OF_ORDER) {
      Collections.reverse(requests);
    }
    String between = "[";
    for (Object each : requests) {
      out.text(between);
      between = ",";
      one(each, fault);
    }
    out.text("]");
  }

  void refuseText() throws IOException {
    refuse(null, new JsonRpcException(JsonRpcException.PARSE, "parse error"));
  }

  private void one(@Nullable Object request, @Nullable NodeFault fault) throws IOException {
    Object id = request instanceof Map<?, ?> object ? object.get("id") : null;
    DevNodeMethods.Answer answer;
    try {
      answer = understood(request, fault);
    } catch (JsonRpcException refusal) {
      refuse(id, refusal);
      return;
    }
    out.text("{\"jsonrpc\":\"2.0\",\"id\":" + idText(id) + ",\"result\":");
    try {
      answer.write(out);
    } catch (UncheckedIOException failed) {
      throw new IOException("answer could not be written", failed.getCause());
    }
    out.text("}");
  }

  private DevNodeMethods.Answer understood(@Nullable Object request, @Nullable NodeFault fault)
      throws JsonRpcException {
    if (!(request instanceof Map<?, ?> object) || !(object.get("method") instanceof String name)) {
      throw new JsonRpcException(JsonRpcException.REQUEST, "invalid request");
    }
    seen.accept(name);
    if (fault == NodeFault.LIMIT_EXCEEDED) {
      throw new JsonRpcException(-32005, "limit exceeded");
    }
    if (fault == NodeFault.INTERNAL_ERROR) {
      throw new JsonRpcException(-32603, "internal error");
    }
    JsonRpcParams params = JsonRpcParams.of(object.get("params"));
    DevNodeMethods.Answer special = other == null ? null : other.answer(name, params);
    if (special != null) {
      return special;
    }
    return methods.answer(
        name,
        params,
        new DevLogResponse.Loss(
            _ -> false, fault == NodeFault.NO_LOGS, fault == NodeFault.LOG_MISSING));
  }

  private void refuse(@Nullable Object id, JsonRpcException refusal) throws IOException {
    out.text(
        "{\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":%d,\"message\":%s}}"
            .formatted(idText(id), refusal.code(), quoted(refusal.text())));
  }

  private static String idText(@Nullable Object id) {
    return id instanceof String text ? quoted(text) : String.valueOf(id);
  }

  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int at = 0; at < text.length(); at++) {
      char each = text.charAt(at);
      if (each == '"' || each == '\\') {
        quoted.append('\\').append(each);
      } else if (each < ' ') {
        quoted.append("\\u%04x".formatted((int) each));
      } else {
        quoted.append(each);
      }
    }
    return quoted.append('"').toString();
  }
}
