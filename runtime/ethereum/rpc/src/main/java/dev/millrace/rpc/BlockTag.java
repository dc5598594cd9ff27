package dev.millrace.rpc;

import java.util.Locale;

/** Names that a node gives to blocks. */
public enum BlockTag {
  /** The first block; for a node that has pruned its first blocks it may be another one. */
  EARLIEST,
  LATEST,
  SAFE,
  FINALIZED;

  String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
