package dev.millrace.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The event of an indexer that has triggered a run.
 *
 * @param lane the chain
 * @param blockHash of the event's block, as {@code 0x…}
 * @param replaced true if a reorg has replaced the block after the run had started
 */
public record EventOrigin(
    String indexer, String lane, long block, String blockHash, int logIndex, boolean replaced) {
  private static final String INDEXER = "millrace.indexer";
  private static final String LANE = "millrace.lane";
  private static final String BLOCK = "millrace.block";
  private static final String BLOCK_HASH = "millrace.blockHash";
  private static final String LOG_INDEX = "millrace.logIndex";
  static final String REPLACED = "millrace.replaced";

  /** The labels by which a run keeps its origin. */
  Map<String, String> labels() {
    return Map.of(
        INDEXER,
        indexer,
        LANE,
        lane,
        BLOCK,
        Long.toString(block),
        BLOCK_HASH,
        blockHash,
        LOG_INDEX,
        Integer.toString(logIndex));
  }

  /** Reads the origin from the labels of a run; empty if no event has triggered it. */
  static Optional<EventOrigin> of(@Nullable String labels) {
    if (labels == null) {
      return Optional.empty();
    }
    JsonNode all = JobJson.tree(labels);
    if (!all.has(BLOCK_HASH)) {
      return Optional.empty();
    }
    return Optional.of(
        new EventOrigin(
            all.path(INDEXER).asText(),
            all.path(LANE).asText(),
            all.path(BLOCK).asLong(),
            all.path(BLOCK_HASH).asText(),
            all.path(LOG_INDEX).asInt(),
            all.path(REPLACED).asBoolean()));
  }
}
