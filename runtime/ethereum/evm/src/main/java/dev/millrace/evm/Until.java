package dev.millrace.evm;

/** The end of indexing a chain. */
public sealed interface Until {
  /** After this block. */
  record AtBlock(long number) implements Until {}

  /** After the block that is the head when the source is opened. */
  record AtHead() implements Until {}

  /** Never: the lane follows the chain. */
  record Never() implements Until {}
}
