package dev.millrace.evm;

/**
 * Which of the lazily loaded fields handlers have read so far, for a source that fetches ahead what
 * will be read again. Written by whoever runs handlers, read by any thread; a claim never ends.
 */
public final class Fields {
  private volatile boolean header;
  private volatile boolean transaction;

  Fields() {}

  /** Whether the time or the parent of a block has been read. */
  public boolean header() {
    return header;
  }

  /** Whether anything of a transaction beyond hash and index has been read. */
  public boolean transaction() {
    return transaction;
  }

  void useHeader() {
    if (!header) {
      header = true;
    }
  }

  void useTransaction() {
    if (!transaction) {
      transaction = true;
    }
  }
}
