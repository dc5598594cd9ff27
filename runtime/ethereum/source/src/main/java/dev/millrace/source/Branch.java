package dev.millrace.source;

import dev.millrace.loaders.Bytes32;
import dev.millrace.pipeline.Source;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The end of the delivered branch: every block of it that a reorg may still replace, and the final
 * block below them. Confined to the thread that reads the feed.
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

  /** Returns the number of the block to deliver next. */
  long next() {
    return held.isEmpty() ? from : held.lastKey() + 1;
  }

  Source.@Nullable Place tip() {
    return held.isEmpty() ? null : place(held.lastKey());
  }

  /** Returns the hash of a held block; null if the block is not held. */
  @Nullable Bytes32 hash(long number) {
    return held.get(number);
  }

  /** Returns the lowest held block above another; null if there is none. */
  @Nullable Long above(long number) {
    return held.higherKey(number);
  }

  /** Returns the greatest held block up to and including another; null if there is none. */
  @Nullable Long upTo(long number) {
    return held.floorKey(number);
  }

  long lowest() {
    return held.isEmpty() ? from : held.firstKey();
  }

  /** True if all delivered blocks are held, so that a reorg may replace every one of them. */
  boolean isWhole() {
    return held.isEmpty() || (held.firstKey() <= from && !isSettled);
  }

  /** Returns the greatest block that is certainly final. */
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

  /** Drops the blocks below the greatest held block that is final. */
  void settle(long finalBlock) {
    Long base = held.floorKey(finalBlock);
    if (base != null) {
      isSettled = true;
      held.headMap(base, false).clear();
    }
  }
}
