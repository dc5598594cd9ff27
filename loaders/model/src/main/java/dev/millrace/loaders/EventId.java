package dev.millrace.loaders;

/**
 * The position of an event in its lane: block, then log index, held as {@code block · 2^20 +
 * logIndex}.
 *
 * <p>Prints as {@code block-logIndex}; in a table it is one {@code bigint} with the same order.
 */
public record EventId(long value) implements Comparable<EventId> {
  public static final int LOG_INDEX_BITS = 20;
  private static final long MAX_LOGS = 1L << LOG_INDEX_BITS;
  private static final long MAX_BLOCKS = 1L << (63 - LOG_INDEX_BITS);

  public EventId {
    if (value < 0) {
      throw new IllegalArgumentException("event id must not be negative: value=" + value);
    }
  }

  public static EventId of(long block, int logIndex) {
    if (block < 0 || block >= MAX_BLOCKS) {
      throw new IllegalArgumentException("block does not fit an event id: block=" + block);
    }
    if (logIndex < 0 || logIndex >= MAX_LOGS) {
      throw new IllegalArgumentException(
          "log index does not fit an event id: logIndex=" + logIndex);
    }
    return new EventId((block << LOG_INDEX_BITS) | logIndex);
  }

  public long block() {
    return value >>> LOG_INDEX_BITS;
  }

  public int logIndex() {
    return (int) (value & (MAX_LOGS - 1));
  }

  @Override
  public int compareTo(EventId other) {
    return Long.compare(value, other.value);
  }

  @Override
  public int hashCode() {
    return (int) ((value * 0x9E3779B97F4A7C15L) >>> 32);
  }

  @Override
  public String toString() {
    return block() + "-" + logIndex();
  }
}
