package dev.millrace.evm;

/** The end of indexing a chain. */
public sealed interface StopAt {
  /** After this block. */
  record AtBlock(long number) implements StopAt {}

  /** After the block that is the head when the source is opened. */
  record AtHead() implements StopAt {}

  /** Never: the lane follows the chain. */
  record Never() implements StopAt {}
}
