package dev.millrace.chain;

/** What goes wrong with single replies of an endpoint. */
enum WorldTrouble {
  /** The reply to an earlier request, under that one's id. */
  OTHER_REPLY,
  /** The right form, under no id or under one that was never asked. */
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
  UNORDERED,
  REMOVED,
  STRANGER,
  NONSENSE_INDEX,
  NONSENSE_TIME,
  /** The head is said to be far above the last block. */
  FAR_HEAD,
  PART_OF_BATCH,
  UNORDERED_BATCH,
  /** All logs of a block are kept back. */
  WITHHELD,
  /** All logs of a block that begin with one topic are kept back. */
  WITHHELD_TOPIC,
  /** The logs of a block are those of another branch at its height. */
  FOREIGN
}
