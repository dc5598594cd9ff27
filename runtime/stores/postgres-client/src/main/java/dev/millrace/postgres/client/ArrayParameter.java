package dev.millrace.postgres.client;

import dev.millrace.loaders.ColumnType;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PGBinaryObject;
import org.postgresql.util.PGobject;

/** Many values of a column as one parameter, in the binary form of COPY. */
public final class ArrayParameter extends PGobject implements PGBinaryObject {
  private static final long serialVersionUID = 1L;
  private static final int MIN_BYTES = 256;

  /** OIDs of the array types that the driver is configured to send in binary form. */
  static final String OIDS =
      Stream.of(1000, 1001, 1007, 1009, 1016, 1022, 1185, 1231, 3807)
          .map(String::valueOf)
          .collect(Collectors.joining(","));

  @SuppressWarnings("serial") // parameters are never serialized
  private final NetworkOrderBuffer encoded;

  private ArrayParameter(ColumnType element, NetworkOrderBuffer encoded) {
    this.encoded = encoded;
    setType("_" + internalName(element));
  }

  public static ArrayParameter of(ColumnType element, List<?> values) {
    return of(element, values, Function.identity());
  }

  public static <T> ArrayParameter of(
      ColumnType element, List<T> items, Function<? super T, ? extends @Nullable Object> value) {
    NetworkOrderBuffer out = new NetworkOrderBuffer(Math.max(MIN_BYTES, 24 * items.size()));
    BinaryValueCodec encoder = new BinaryValueCodec();
    out.putInt(items.isEmpty() ? 0 : 1);
    int flags = out.reserve(4);
    out.putInt(SqlTypeNames.oid(element));
    boolean hasNull = false;
    if (!items.isEmpty()) {
      out.putInt(items.size());
      out.putInt(1);
      for (T item : items) {
        Object one = value.apply(item);
        hasNull |= one == null;
        encoder.put(out, element, one);
      }
    }
    out.bytes()[flags] = 0;
    out.bytes()[flags + 1] = 0;
    out.bytes()[flags + 2] = 0;
    out.bytes()[flags + 3] = (byte) (hasNull ? 1 : 0);
    return new ArrayParameter(element, out);
  }

  private static String internalName(ColumnType element) {
    return switch (SqlTypeNames.oid(element)) {
      case 16 -> "bool";
      case 17 -> "bytea";
      case 20 -> "int8";
      case 23 -> "int4";
      case 25 -> "text";
      case 701 -> "float8";
      case 1184 -> "timestamptz";
      case 1700 -> "numeric";
      case 3802 -> "jsonb";
      default -> throw new IllegalArgumentException("type has no array: type=" + element);
    };
  }

  @Override
  public int lengthInBytes() {
    return encoded.length();
  }

  @Override
  public void toBytes(byte[] target, int offset) {
    System.arraycopy(encoded.bytes(), 0, target, offset, encoded.length());
  }

  @Override
  public void setByteValue(byte[] value, int offset) {
    throw new UnsupportedOperationException("an array goes out only");
  }

  /** Identity: a parameter is bound once. */
  @Override
  @SuppressWarnings("EqualsHashCode")
  public boolean equals(@Nullable Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }
}
