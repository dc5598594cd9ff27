package dev.millrace.source;

import dev.millrace.evm.BlockHeader;
import dev.millrace.rpc.LogColumns;
import dev.millrace.rpc.NodeBlockHeader;
import java.util.NavigableMap;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Result of comparing logs with headers, from best to worst. */
enum HeaderCheck {
  FITS,

  /** The logs are of these blocks, with other times. */
  OTHER_TIMES,

  /** Some log is of another block, or the headers are not linked by their parents. */
  OTHER_BLOCKS;

  /** Returns the worse of two results. */
  HeaderCheck and(HeaderCheck other) {
    return compareTo(other) < 0 ? other : this;
  }

  /** Compares logs with all blocks present, and neighbours among these with each other. */
  static HeaderCheck of(LogColumns logs, NavigableMap<Long, NodeBlockHeader> blocks) {
    SortedMap<Long, BlockHeader> headers = new TreeMap<>();
    blocks.forEach((number, block) -> headers.put(number, block.header()));
    return ofHeaders(logs, headers);
  }

  static HeaderCheck ofHeaders(LogColumns logs, SortedMap<Long, BlockHeader> headers) {
    @Nullable BlockHeader before = null;
    for (BlockHeader header : headers.values()) {
      if (before != null
          && before.number() == header.number() - 1
          && !before.hash().equals(header.parent())) {
        return OTHER_BLOCKS;
      }
      before = header;
    }
    HeaderCheck worst = FITS;
    for (int log = 0; log < logs.size(); log++) {
      if (!logs.startsBlock(log)) {
        continue;
      }
      long number = logs.blockNumber(log);
      if (log > 0 && logs.blockNumber(log - 1) == number) {
        return OTHER_BLOCKS; // two blocks at one height
      }
      BlockHeader header = headers.get(number);
      if (header == null) {
        continue;
      }
      if (!header.hash().equals(logs.blockHash(log))) {
        return OTHER_BLOCKS;
      }
      long time = logs.blockTime(log);
      if (time != LogColumns.NO_TIME && time != header.timestamp().getEpochSecond()) {
        worst = OTHER_TIMES;
      }
    }
    return worst;
  }
}
