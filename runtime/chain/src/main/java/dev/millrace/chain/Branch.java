package dev.millrace.chain;

import dev.millrace.loaders.Bytes32;
import dev.millrace.pipeline.Source;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The end of the branch that has been told: every block of it that a reorg may still replace, and
 * the final one below them. Confined to the thread that reads the feed.
 */
final class Branch {
  private final long from;
  private final TreeMap<Long, Bytes32> held = new TreeMap<>();

  /** True once the lowest held block was delivered as final, by this feed or an earlier one. */
  private boolean isSettled;

  Branch(Source.Standing standing, long from) {
    this.from = from;
    this.isSettled = standing.isSettled();
    standing.window().forEach(place -> held.put(place.block(), place.hash()));
    Source.Place last = standing.last();
    if (last != null) {
      held.put(last.block(), last.hash());
    }
  }

  /** The block that is to be told next. */
  long next() {
    return held.isEmpty() ? from : held.lastKey() + 1;
  }

  Source.@Nullable Place tip() {
    return held.isEmpty() ? null : place(held.lastKey());
  }

  /** The hash of a block that is held; null if it is not. */
  @Nullable Bytes32 hash(long number) {
    return held.get(number);
  }

  /** The lowest held block above another; null if there is none. */
  @Nullable Long above(long number) {
    return held.higherKey(number);
  }

  /** The greatest held block up to and with another; null if there is none. */
  @Nullable Long upTo(long number) {
    return held.floorKey(number);
  }

  long lowest() {
    return held.isEmpty() ? from : held.firstKey();
  }

  /** Whether everything that has been told is held, so that all of it may turn out replaced. */
  boolean isWhole() {
    return held.isEmpty() || (held.firstKey() <= from && !isSettled);
  }

  /** What is final for sure. */
  long floor() {
    return isWhole() ? from - 1 : held.firstKey();
  }

  int size() {
    return held.size();
  }

  Source.Place place(long number) {
    Bytes32 hash = held.get(number);
    if (hash == null) {
      throw new IllegalStateException("block is not held: block=" + number);
    }
    return new Source.Place(number, hash);
  }

  void extend(long number, Bytes32 hash) {
    if (number < next()) {
      throw new IllegalStateException(
          "block is told twice: block=%d next=%d".formatted(number, next()));
    }
    held.put(number, hash);
  }

  /** Forgets what lies below the greatest held block that is final. */
  void settle(long finalBlock) {
    Long base = held.floorKey(finalBlock);
    if (base != null) {
      isSettled = true;
      held.headMap(base, false).clear();
    }
  }
}
