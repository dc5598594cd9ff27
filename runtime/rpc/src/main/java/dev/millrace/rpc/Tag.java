package dev.millrace.rpc;

import java.util.Locale;

/** Names that a node gives to blocks. */
public enum Tag {
  LATEST,
  SAFE,
  FINALIZED;

  String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
