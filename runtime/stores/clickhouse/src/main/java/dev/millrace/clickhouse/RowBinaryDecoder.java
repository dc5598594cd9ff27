package dev.millrace.clickhouse;

import dev.millrace.clickhouse.client.ClickHouseTypes;
import dev.millrace.clickhouse.client.RowBinaryInput;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.ColumnType;
import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Json;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Creates entities from the visible columns of rows, without their chain. */
final class RowBinaryDecoder<E> {
  private final EntityType<E> type;

  RowBinaryDecoder(EntityType<E> type) {
    this.type = type;
  }

  E read(RowBinaryInput in) throws IOException {
    @Nullable Object[] values = new @Nullable Object[type.columns().size()];
    for (EntityColumn column : type.columns()) {
      values[column.position()] = read(column, in);
    }
    return type.create(values);
  }

  private static @Nullable Object read(EntityColumn column, RowBinaryInput in) throws IOException {
    if (!column.isNullable()) {
      return read(column.type(), column.isUnsigned(), in);
    }
    boolean absent = in.readFlag();
    if (!absent) {
      return read(column.type(), column.isUnsigned(), in);
    }
    if (MirrorTable.isNullableList(column)) {
      in.readSize(); // a null list is stored as an empty one
    }
    return null;
  }

  private static Object read(ColumnType type, boolean unsigned, RowBinaryInput in)
      throws IOException {
    return switch (type) {
      case ColumnType.Scalar scalar -> readScalar(scalar, unsigned, in);
      case ColumnType.Decimal(int scale) -> new BigDecimal(in.readWide(false), scale);
      case ColumnType.Enumerated constants -> constants.constant(in.readText());
      case ColumnType.ListOf(ColumnType element) -> {
        int size = in.readSize();
        List<Object> items = new ArrayList<>(Math.min(size, 1024));
        for (int i = 0; i < size; i++) {
          items.add(read(element, unsigned, in));
        }
        yield List.copyOf(items);
      }
    };
  }

  private static Object readScalar(ColumnType.Scalar type, boolean unsigned, RowBinaryInput in)
      throws IOException {
    return switch (type) {
      case BOOLEAN -> in.readFlag();
      case INT -> in.readInt();
      case LONG -> in.readLong();
      case DOUBLE -> Double.longBitsToDouble(in.readLong());
      case TEXT -> in.readText();
      case INSTANT -> ClickHouseTypes.instant(in.readLong());
      case BIG_INTEGER -> in.readWide(unsigned);
      case ADDRESS -> Address.of(in.readBytes(Address.LENGTH));
      case BYTES32 -> Bytes32.of(in.readBytes(Bytes32.LENGTH));
      case BYTES -> Bytes.of(in.readBytes(in.readSize()));
      case EVENT_ID -> new EventId(in.readLong());
      case JSON -> Json.of(in.readText());
    };
  }
}
