package dev.millrace.source;

import dev.millrace.pipeline.Block;
import dev.millrace.pipeline.Event;
import dev.millrace.pipeline.Source;
import java.util.List;

/**
 * Whole blocks, decoded.
 *
 * @param last the last block, complete
 */
record Told(List<Event> events, List<Source.Found> found, Block last) {}
