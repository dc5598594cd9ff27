package dev.millrace.loaders;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.util.Arrays;
import java.util.function.Function;

/**
 * Writes a single value as text and reads it back, for values that live outside a table of their
 * own.
 */
public final class ColumnCodec<V> {
  private final Class<V> type;
  private final Function<String, Object> reader;

  private ColumnCodec(Class<V> type, Function<String, Object> reader) {
    this.type = type;
    this.reader = reader;
  }

  public static <V> ColumnCodec<V> of(Class<V> type) {
    return new ColumnCodec<>(type, reader(type));
  }

  public String text(V value) {
    return switch ((Object) value) {
      case String text -> Text.canonical(text);
      case Enum<?> constant -> constant.name();
      case BigDecimal decimal ->
          decimal.signum() == 0 ? "0" : decimal.stripTrailingZeros().toPlainString();
      case EventId id -> Long.toString(id.value());
      case Object other -> other.toString();
    };
  }

  public V value(String text) {
    return type.cast(reader.apply(text));
  }

  private static Function<String, Object> reader(Class<?> type) {
    if (type.isEnum()) {
      return text ->
          Arrays.stream(type.getEnumConstants())
              .filter(constant -> ((Enum<?>) constant).name().equals(text))
              .findFirst()
              .orElseThrow();
    }
    return switch (type.getSimpleName()) {
      case "String" -> text -> text;
      case "Boolean" -> Boolean::valueOf;
      case "Integer" -> Integer::valueOf;
      case "Long" -> Long::valueOf;
      case "Double" -> Double::valueOf;
      case "BigInteger" -> BigInteger::new;
      case "BigDecimal" -> BigDecimal::new;
      case "Instant" -> Instant::parse;
      case "Address" -> Address::of;
      case "Bytes32" -> Bytes32::of;
      case "Bytes" -> Bytes::of;
      case "EventId" -> text -> new EventId(Long.parseLong(text));
      case "Json" -> Json::of;
      default ->
          throw new MillraceException(
              Remedy.FIX_SETUP, "type has no text form: type=" + type.getName());
    };
  }
}
