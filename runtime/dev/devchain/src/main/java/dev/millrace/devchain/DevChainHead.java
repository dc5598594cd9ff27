package dev.millrace.devchain;

/**
 * A position of a chain: a branch and its last block. A chain can be taken back to any earlier tip.
 */
public record DevChainHead(DevChainBranch branch, long head) {
  /** Returns the last block that both tips have; −1 if none. */
  public long shared(DevChainHead other) {
    return Math.min(branch.shared(other.branch), Math.min(head, other.head));
  }
}
