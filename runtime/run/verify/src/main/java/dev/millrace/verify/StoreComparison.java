package dev.millrace.verify;

import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.EntityType;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Compares the rows of one entity in one lane between two stores, in at most two passes. The first
 * pass keeps nothing of the rows but a {@link TableChecksum}, the second one keeps the rows of
 * differing buckets, up to a limit.
 */
public final class StoreComparison<E> {
  /** Rows of differing buckets that are compared one by one. The first bucket may exceed it. */
  public static final long MAX_ROWS = 50_000;

  /** Ids that are named at most. */
  private static final int NAMED = 10;

  private final EntityType<E> type;
  private final Rows<E> postgres;
  private final Rows<E> clickhouse;

  /** The rows of a store at one moment, in any order; can be read repeatedly. */
  @FunctionalInterface
  interface Rows<E> {
    void forEach(Consumer<E> each);
  }

  record Result(
      VerificationResult.Side postgres,
      VerificationResult.Side clickhouse,
      VerificationResult.Differences found) {
    List<VerificationResult.Difference> differences() {
      return found.named();
    }
  }

  private record Pair<E>(Object id, @Nullable E postgres, @Nullable E clickhouse) {}

  StoreComparison(EntityType<E> type, Rows<E> postgres, Rows<E> clickhouse) {
    this.type = type;
    this.postgres = postgres;
    this.clickhouse = clickhouse;
  }

  Result run() {
    TableChecksum<E> ours = tally(postgres);
    TableChecksum<E> theirs = tally(clickhouse);
    VerificationResult.Side left = ours.side();
    VerificationResult.Side right = theirs.side();
    return new Result(left, right, found(left.equals(right), ours, theirs));
  }

  private TableChecksum<E> tally(Rows<E> rows) {
    TableChecksum<E> tally = new TableChecksum<>(type);
    rows.forEach(tally::add);
    return tally;
  }

  private VerificationResult.Differences found(
      boolean isEqual, TableChecksum<E> ours, TableChecksum<E> theirs) {
    if (isEqual) {
      return VerificationResult.Differences.NONE;
    }
    BitSet differing = differing(ours, theirs);
    BitSet chosen = choose(differing, ours, theirs);
    return new VerificationResult.Differences(named(chosen), !chosen.equals(differing));
  }

  private List<VerificationResult.Difference> named(BitSet chosen) {
    Map<Object, E> unmatched = new HashMap<>();
    postgres.forEach(row -> {
      Object id = type.id(row);
      if (chosen.get(TableChecksum.bucket(id))) {
        unmatched.put(id, row);
      }
    });
    List<Pair<E>> found = new ArrayList<>();
    clickhouse.forEach(row -> {
      Object id = type.id(row);
      if (chosen.get(TableChecksum.bucket(id))) {
        E here = unmatched.remove(id);
        if (here == null || !isSame(here, row)) {
          found.add(new Pair<>(id, here, row));
        }
      }
    });
    unmatched.forEach((id, row) -> found.add(new Pair<>(id, row, null)));
    return found.stream()
        .sorted(Comparator.comparing(Pair::id, this::compareIds))
        .limit(NAMED)
        .map(this::named)
        .toList();
  }

  private static <E> BitSet differing(TableChecksum<E> ours, TableChecksum<E> theirs) {
    BitSet differing = new BitSet(TableChecksum.BUCKETS);
    for (int i = 0; i < TableChecksum.BUCKETS; i++) {
      differing.set(i, !ours.isSame(theirs, i));
    }
    return differing;
  }

  private static <E> BitSet choose(
      BitSet differing, TableChecksum<E> ours, TableChecksum<E> theirs) {
    BitSet chosen = new BitSet(TableChecksum.BUCKETS);
    long rows = 0;
    for (int i = differing.nextSetBit(0); i >= 0; i = differing.nextSetBit(i + 1)) {
      long here = Math.max(ours.rows(i), theirs.rows(i));
      if (rows == 0 || rows + here <= MAX_ROWS) {
        chosen.set(i);
        rows += here;
      }
    }
    return chosen;
  }

  /** Compares the values of the columns; the record's own {@code equals} does not count. */
  private boolean isSame(E left, E right) {
    RowDigest one = new RowDigest(type.columns());
    RowDigest other = new RowDigest(type.columns());
    one.take(left);
    other.take(right);
    return one.high() == other.high() && one.low() == other.low();
  }

  private int compareIds(Object left, Object right) {
    List<Object> ours = type.parts(left);
    List<Object> theirs = type.parts(right);
    for (int i = 0; i < ours.size(); i++) {
      int order = type.ids().get(i).type().compare(ours.get(i), theirs.get(i));
      if (order != 0) {
        return order;
      }
    }
    return 0;
  }

  private VerificationResult.Difference named(Pair<E> pair) {
    return new VerificationResult.Difference(
        pair.id.toString(),
        text(pair.postgres, pair.clickhouse),
        text(pair.clickhouse, pair.postgres));
  }

  /** Names the columns in which a row differs from the other; all columns if there is no other. */
  private String text(@Nullable E row, @Nullable E other) {
    if (row == null) {
      return "nothing";
    }
    List<String> values = new ArrayList<>();
    for (EntityColumn column : type.columns()) {
      RowDigest digest = new RowDigest(List.of(column));
      digest.take(row);
      long mine = digest.high();
      if (other != null) {
        digest.take(other);
      }
      if (!column.isId() && (other == null || digest.high() != mine)) {
        values.add(column.name() + "=" + column.value(row));
      }
    }
    return values.isEmpty() ? "a row" : String.join(" ", values);
  }
}
