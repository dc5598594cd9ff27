package dev.millrace.loaders;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;

/**
 * Writes a single value as text and reads it back, for values that are not stored in a table of
 * their own.
 */
public final class ColumnTextCodec<V> {
  private static final Map<Class<?>, Function<String, Object>> READERS =
      Map.ofEntries(
          Map.entry(String.class, text -> text),
          Map.entry(Boolean.class, Boolean::valueOf),
          Map.entry(Integer.class, Integer::valueOf),
          Map.entry(Long.class, Long::valueOf),
          Map.entry(Double.class, Double::valueOf),
          Map.entry(BigInteger.class, BigInteger::new),
          Map.entry(BigDecimal.class, BigDecimal::new),
          Map.entry(Instant.class, Instant::parse),
          Map.entry(Address.class, Address::of),
          Map.entry(Bytes32.class, Bytes32::of),
          Map.entry(Bytes.class, Bytes::of),
          Map.entry(EventId.class, text -> new EventId(Long.parseLong(text))),
          Map.entry(Json.class, Json::of));

  private static final int MAX_SCALE = 10_000;

  private final Class<V> type;
  private final Function<String, Object> reader;

  private ColumnTextCodec(Class<V> type, Function<String, Object> reader) {
    this.type = type;
    this.reader = reader;
  }

  public static <V> ColumnTextCodec<V> of(Class<V> type) {
    return new ColumnTextCodec<>(type, reader(type));
  }

  public String text(V value) {
    return switch ((Object) value) {
      case String text -> Utf8TextOrder.canonical(text);
      case Enum<?> constant -> constant.name();
      case BigDecimal decimal ->
          decimal.signum() == 0 ? "0" : bounded(decimal).stripTrailingZeros().toPlainString();
      case EventId id -> Long.toString(id.value());
      case Object other -> other.toString();
    };
  }

  /** Refuses a decimal whose plain notation would be far longer than its digits. */
  static BigDecimal bounded(BigDecimal value) {
    if (Math.abs((long) value.scale()) > MAX_SCALE) {
      throw new IllegalArgumentException("decimal is out of range: scale=" + value.scale());
    }
    return value;
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
              .orElseThrow(() ->
                  new MillraceException(
                      Remedy.FIX_SETUP,
                      "stored answer names a constant that is gone: enum=%s constant=%s"
                          .formatted(type.getSimpleName(), text)));
    }
    Function<String, Object> reader = READERS.get(type);
    if (reader == null) {
      throw new MillraceException(
          Remedy.FIX_SETUP, "type has no text form: type=" + type.getName());
    }
    return reader;
  }
}
