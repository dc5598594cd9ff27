package dev.millrace.source;

import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.pipeline.SourceEvent;
import java.util.List;

/**
 * Whole blocks, decoded.
 *
 * @param last the last block, complete
 */
record DecodedBlocks(
    List<SourceEvent> events, List<Source.DiscoveredContract> found, SourceBlock last) {
  /** Bytes of events at which a batch ends, however few its events are. */
  static final long MAX_BATCH_BYTES = 16L << 20;

  /** Bytes of logs after which a batch may end. Decoded they take up to three times as much. */
  static final long MAX_PIECE_BYTES = MAX_BATCH_BYTES / 8;

  /** Heap that the events take. */
  long bytes() {
    return Batch.bytes(events);
  }
}
