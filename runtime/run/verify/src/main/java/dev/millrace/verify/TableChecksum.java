package dev.millrace.verify;

import dev.millrace.loaders.ColumnType;
import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EntityType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A summary of rows in any order: their count, the sums of their numeric columns and their hashes,
 * in total and for each bucket of ids. Constant in size, for one row or a billion. Confined to one
 * thread.
 */
final class TableChecksum<E> {
  /** Large enough that a difference in a large table lies among a few hundred rows. */
  static final int BUCKETS = 1 << 16;

  private final EntityType<E> type;
  private final RowDigest digest;
  private final List<Sum> sums = new ArrayList<>();
  private final long[] counts = new long[BUCKETS];
  private final long[] hashes = new long[BUCKETS];

  private long rows;
  private long sumHigh;
  private long sumLow;
  private long xorHigh;
  private long xorLow;

  TableChecksum(EntityType<E> type) {
    this.type = type;
    this.digest = new RowDigest(type.columns());
    for (EntityColumn column : type.columns()) {
      if (isExact(column.type())) {
        sums.add(new Sum(column));
      }
    }
  }

  /** True if a sum does not depend on the order. */
  private static boolean isExact(ColumnType type) {
    return type instanceof ColumnType.Decimal
        || type == ColumnType.Scalar.INT
        || type == ColumnType.Scalar.LONG
        || type == ColumnType.Scalar.BIG_INTEGER;
  }

  /** The exact sum of a column, kept in a {@code long} as long as it fits. */
  private static final class Sum {
    private final EntityColumn column;
    private long small;
    private BigInteger whole = BigInteger.ZERO;
    private BigDecimal decimal = BigDecimal.ZERO;

    Sum(EntityColumn column) {
      this.column = column;
    }

    void add(Object row) {
      switch (column.value(row)) {
        case null -> {}
        case Integer number -> add((long) number);
        case Long number -> add((long) number);
        case BigInteger number -> {
          if (number.bitLength() < Long.SIZE) {
            add(number.longValue());
          } else {
            whole = whole.add(number);
          }
        }
        case BigDecimal number -> decimal = decimal.add(number);
        case Object other ->
            throw new IllegalStateException(
                "column has no sum: column=%s value=%s".formatted(column, other.getClass()));
      }
    }

    private void add(long number) {
      long sum = small + number;
      if (((small ^ sum) & (number ^ sum)) < 0) {
        whole = whole.add(BigInteger.valueOf(small)).add(BigInteger.valueOf(number));
        small = 0;
      } else {
        small = sum;
      }
    }

    String text() {
      return column.type() instanceof ColumnType.Decimal
          ? decimal.toPlainString()
          : whole.add(BigInteger.valueOf(small)).toString();
    }
  }

  static int bucket(Object id) {
    int hash = id.hashCode() * 0x9E3779B9;
    return (hash >>> 16 ^ hash) & BUCKETS - 1;
  }

  void add(E row) {
    digest.take(row);
    int bucket = bucket(type.id(row));
    rows++;
    counts[bucket]++;
    hashes[bucket] += digest.high() ^ Long.rotateLeft(digest.low(), 1);
    sumHigh += digest.high();
    sumLow += digest.low();
    xorHigh ^= digest.high();
    xorLow ^= digest.low();
    sums.forEach(sum -> sum.add(row));
  }

  VerificationResult.Side side() {
    SortedMap<String, String> texts = new TreeMap<>();
    sums.forEach(sum -> texts.put(sum.column.name(), sum.text()));
    return new VerificationResult.Side(
        rows, texts, "%016x%016x%016x%016x".formatted(sumHigh, sumLow, xorHigh, xorLow));
  }

  long rows(int bucket) {
    return counts[bucket];
  }

  boolean isSame(TableChecksum<E> other, int bucket) {
    return counts[bucket] == other.counts[bucket] && hashes[bucket] == other.hashes[bucket];
  }
}
