package dev.millrace.evm;

/** Where indexing a chain ends. */
public sealed interface Until {
  /** After this block. */
  record AtBlock(long number) implements Until {}

  /** After the block that is the head when the source is opened. */
  record AtHead() implements Until {}

  /** Never: it follows the chain. */
  record Never() implements Until {}
}
