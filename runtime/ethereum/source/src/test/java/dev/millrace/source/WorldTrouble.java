package dev.millrace.source;

/** Fault of a single reply of an endpoint. */
enum WorldTrouble {
  /** The reply to an earlier request, with the id of that request. */
  OTHER_REPLY,
  /** The right form, without an id or with one that was never sent. */
  OTHER_ID,
  /** One reply is that to an earlier call of the same method, with the id of that call. */
  OTHER_CALL,
  HEADER_NOT_FOUND,
  /** The words of providers that are overloaded or repaired, or the page of their proxy. */
  OUTAGE,
  NO_METHOD,
  RATE,
  UNKNOWN_WORDS,
  BROKEN_INSIDE,
  NULL_RESULT,
  NULL_AND_ERROR,
  TRUNCATED,
  SILENT,
  TORN,
  NOT_JSON,
  DOUBLED,
  /** A log has the index of the log before it in the same reply. */
  SAME_INDEX,
  UNORDERED,
  REMOVED,
  STRANGER,
  NONSENSE_INDEX,
  NONSENSE_TIME,
  /** A head far above the last block. */
  FAR_HEAD,
  PART_OF_BATCH,
  UNORDERED_BATCH,
  /** All logs of a block are withheld. */
  WITHHELD,
  /** All logs of a block that begin with one topic are withheld. */
  WITHHELD_TOPIC,
  /** The logs of a block are those of another branch at its height. */
  FOREIGN,
  /** A log comes that the block does not have, and that its bloom denies. */
  PHANTOM,
  /** A header has the bloom of the block before. */
  OTHER_BLOOM
}
