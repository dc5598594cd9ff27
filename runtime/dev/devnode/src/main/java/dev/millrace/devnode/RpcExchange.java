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
final class RpcExchange {
  private final RpcMethods methods;
  private final JsonBytes out;
  private final Consumer<String> seen;
  private @Nullable Other other;

  /** Methods that only some transports support. */
  interface Other {
    /** Returns the answer, or null for an unknown method. */
    RpcMethods.@Nullable Answer answer(String method, Params params) throws RpcRefusal;
  }

  RpcExchange(RpcMethods methods, JsonBytes out, Consumer<String> seen) {
    this.methods = methods;
    this.out = out;
    this.seen = seen;
  }

  RpcExchange with(Other more) {
    other = more;
    return this;
  }

  /** Returns the number of calls in a request. */
  static int count(@Nullable Object request) {
    return request instanceof List<?> list ? list.size() : 1;
  }

  void answer(@Nullable Object request, @Nullable Mishap mishap) throws IOException {
    if (!(request instanceof List<?> list)) {
      one(request, mishap);
      return;
    }
    if (list.isEmpty()) {
      refuse(null, new RpcRefusal(RpcRefusal.REQUEST, "empty batch"));
      return;
    }
    List<@Nullable Object> requests = new ArrayList<@Nullable Object>(list);
    if (mishap == Mishap.OUT_OF_ORDER) {
      Collections.reverse(requests);
    }
    String between = "[";
    for (Object each : requests) {
      out.text(between);
      between = ",";
      one(each, mishap);
    }
    out.text("]");
  }

  void refuseText() throws IOException {
    refuse(null, new RpcRefusal(RpcRefusal.PARSE, "parse error"));
  }

  private void one(@Nullable Object request, @Nullable Mishap mishap) throws IOException {
    Object id = request instanceof Map<?, ?> object ? object.get("id") : null;
    RpcMethods.Answer answer;
    try {
      answer = understood(request, mishap);
    } catch (RpcRefusal refusal) {
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

  private RpcMethods.Answer understood(@Nullable Object request, @Nullable Mishap mishap)
      throws RpcRefusal {
    if (!(request instanceof Map<?, ?> object) || !(object.get("method") instanceof String name)) {
      throw new RpcRefusal(RpcRefusal.REQUEST, "invalid request");
    }
    seen.accept(name);
    if (mishap == Mishap.LIMIT_EXCEEDED) {
      throw new RpcRefusal(-32005, "limit exceeded");
    }
    if (mishap == Mishap.INTERNAL_ERROR) {
      throw new RpcRefusal(-32603, "internal error");
    }
    Params params = Params.of(object.get("params"));
    RpcMethods.Answer special = other == null ? null : other.answer(name, params);
    if (special != null) {
      return special;
    }
    return methods.answer(
        name,
        params,
        new LogAnswer.Loss(_ -> false, mishap == Mishap.NO_LOGS, mishap == Mishap.LOG_MISSING));
  }

  private void refuse(@Nullable Object id, RpcRefusal refusal) throws IOException {
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
