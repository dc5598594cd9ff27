package dev.millrace.evm;

/**
 * Records which lazily loaded fields handlers have read, for a source that prefetches them from
 * then on. Written by the threads that run handlers, read by any thread; a flag is never cleared.
 */
public final class RequestedFields {
  private volatile boolean header;
  private volatile boolean transaction;

  RequestedFields() {}

  /** True if the time or the parent of a block has been read. */
  public boolean header() {
    return header;
  }

  /** True if any field of a transaction beyond hash and index has been read. */
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
