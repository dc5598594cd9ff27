package dev.millrace.source;

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
    List<SourceEvent> events, List<Source.DiscoveredContract> found, SourceBlock last) {}
