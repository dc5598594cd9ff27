package dev.millrace.devnode;

import dev.millrace.loaders.Bytes32;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The parameters of one request. */
record JsonRpcParams(List<@Nullable Object> values) {
  static JsonRpcParams of(@Nullable Object given) throws JsonRpcException {
    return switch (given) {
      case null -> new JsonRpcParams(List.of());
      case List<?> list -> new JsonRpcParams(new java.util.ArrayList<@Nullable Object>(list));
      default -> throw new JsonRpcException(JsonRpcException.PARAMS, "non-array args");
    };
  }

  private @Nullable Object at(int index) {
    return index < values.size() ? values.get(index) : null;
  }

  String text(int index) throws JsonRpcException {
    Object value = at(index);
    if (value == null) {
      throw new JsonRpcException(
          JsonRpcException.PARAMS, "missing value for required argument " + index);
    }
    return text(value, "argument " + index);
  }

  boolean flag(int index) {
    return Boolean.TRUE.equals(at(index));
  }

  Bytes32 hash(int index) throws JsonRpcException {
    return hash(text(index), index);
  }

  static Bytes32 hash(String text, int index) throws JsonRpcException {
    try {
      return Bytes32.of(text);
    } catch (IllegalArgumentException wrong) {
      throw new JsonRpcException(
          JsonRpcException.PARAMS,
          "invalid argument %d: hash %s".formatted(index, wrong.getMessage()));
    }
  }

  Map<?, ?> object(int index) throws JsonRpcException {
    if (at(index) instanceof Map<?, ?> object) {
      return object;
    }
    throw new JsonRpcException(
        JsonRpcException.PARAMS, "invalid argument %d: no object".formatted(index));
  }

  long number(int index) throws JsonRpcException {
    return at(index) instanceof Long number ? number : quantity(text(index));
  }

  static long quantity(String text) throws JsonRpcException {
    try {
      if (text.startsWith("0x") && text.length() > 2 && text.length() <= 18) {
        return Long.parseLong(text, 2, text.length(), 16);
      }
    } catch (NumberFormatException _) {
      // Refused below with the same message.
    }
    throw new JsonRpcException(
        JsonRpcException.PARAMS, "invalid argument: no quantity: value=" + text);
  }

  static String text(@Nullable Object value, String name) throws JsonRpcException {
    if (value instanceof String text) {
      return text;
    }
    throw new JsonRpcException(JsonRpcException.PARAMS, "invalid %s: no string".formatted(name));
  }
}
