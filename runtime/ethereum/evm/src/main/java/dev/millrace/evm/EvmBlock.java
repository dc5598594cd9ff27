package dev.millrace.evm;

import dev.millrace.loaders.Bytes32;
import java.time.Instant;

/**
 * The block of an event. Number and hash come with the log; the rest is loaded when a handler reads
 * it. An instance belongs to the handler's Context and ends with it.
 */
public interface EvmBlock {
  long number();

  Bytes32 hash();

  Bytes32 parent();

  Instant timestamp();
}
