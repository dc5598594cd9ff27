package dev.millrace.devchain;

/**
 * Where a chain stands: a branch and its last block. A chain can be taken back to any tip it had.
 */
public record Tip(Branch branch, long head) {
  /** The last block that both have; −1 if none. */
  public long shared(Tip other) {
    return Math.min(branch.shared(other.branch), Math.min(head, other.head));
  }
}
