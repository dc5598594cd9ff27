package dev.millrace.evm;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.EventId;
import dev.millrace.pipeline.Context;

/** A Context that also knows the position of its event on an Ethereum chain. */
public interface EvmContext extends Context {
  /** The position of the event: block, then log index. */
  EventId eventId();

  EvmBlock block();

  EvmTransaction transaction();

  /** The contract that emitted the event. */
  Address contract();

  /** The id of the chain. */
  long chain();
}
