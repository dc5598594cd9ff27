package dev.millrace.source;

import dev.millrace.loaders.Bytes32;
import dev.millrace.pipeline.Source;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The end of the delivered branch: every block of it that a reorg may still replace, and the final
 * block below them. Confined to the thread that reads the feed.
 */
final class LocalChain {
  private final long from;
  private final TreeMap<Long, Bytes32> blocks = new TreeMap<>();

  /** True once the lowest held block was delivered as final, by this feed or an earlier one. */
  private boolean isBaseFinal;

  LocalChain(Source.ResumePoint resumePoint, long from) {
    this.from = from;
    this.isBaseFinal = resumePoint.isFinal();
    resumePoint.window().forEach(place -> blocks.put(place.block(), place.hash()));
    Source.BlockRef last = resumePoint.last();
    if (last != null) {
      blocks.put(last.block(), last.hash());
    }
  }

  /** Returns the number of the block to deliver next. */
  long next() {
    return blocks.isEmpty() ? from : blocks.lastKey() + 1;
  }

  Source.@Nullable BlockRef tip() {
    return blocks.isEmpty() ? null : place(blocks.lastKey());
  }

  /** Returns the hash of a held block; null if the block is not held. */
  @Nullable Bytes32 hash(long number) {
    return blocks.get(number);
  }

  /** Returns the lowest held block above another; null if there is none. */
  @Nullable Long above(long number) {
    return blocks.higherKey(number);
  }

  /** Returns the greatest held block up to and including another; null if there is none. */
  @Nullable Long upTo(long number) {
    return blocks.floorKey(number);
  }

  long lowest() {
    return blocks.isEmpty() ? from : blocks.firstKey();
  }

  /** True if all delivered blocks are held, so that a reorg may replace every one of them. */
  boolean isWhole() {
    return blocks.isEmpty() || (blocks.firstKey() <= from && !isBaseFinal);
  }

  /** Returns the greatest block that is certainly final. */
  long floor() {
    return isWhole() ? from - 1 : blocks.firstKey();
  }

  int size() {
    return blocks.size();
  }

  Source.BlockRef place(long number) {
    Bytes32 hash = blocks.get(number);
    if (hash == null) {
      throw new IllegalStateException("block is not held: block=" + number);
    }
    return new Source.BlockRef(number, hash);
  }

  void extend(long number, Bytes32 hash) {
    if (number < next()) {
      throw new IllegalStateException(
          "block is told twice: block=%d next=%d".formatted(number, next()));
    }
    blocks.put(number, hash);
  }

  /** Drops the blocks below the greatest held block that is final. */
  void finalizeUpTo(long finalBlock) {
    Long base = blocks.floorKey(finalBlock);
    if (base != null) {
      isBaseFinal = true;
      blocks.headMap(base, false).clear();
    }
  }
}
