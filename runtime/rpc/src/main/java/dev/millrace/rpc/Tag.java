package dev.millrace.rpc;

import java.util.Locale;

/** Names that a node gives to blocks. */
public enum Tag {
  /** The first block; of nodes that have forgotten their first ones it may be another. */
  EARLIEST,
  LATEST,
  SAFE,
  FINALIZED;

  String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
