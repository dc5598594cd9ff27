package dev.millrace.pipeline;

/**
 * The copy of one lane's rows in a second store. Rows are only ever added to it; which of them
 * count is decided by the ends of their epochs, which the lane's own store owns and this repeats.
 *
 * <p>Errors carry a remedy: after {@code RETRY} the same call with the same argument may be made
 * again, and rows that an earlier try has added are not added twice.
 */
public interface LaneMirror extends AutoCloseable {
  /**
   * Before the first row of this process: checks that what is there is a copy of this ledger, whole
   * up to its last commit.
   *
   * @throws dev.millrace.loaders.MillraceException with remedy {@code FIX_SETUP}, and nothing
   *     changed, if it follows another store, or a state that this store has lost, or lacks commits
   */
  void follow(Ledger ledger);

  /**
   * Adds every version of every mirrored row of a group. Mirror thread only.
   *
   * @throws dev.millrace.loaders.MillraceException with remedy {@code FIX_HANDLER} only as long as
   *     nothing of the group has been sent, so that its batches may be tried one by one
   */
  void insert(MirrorGroup group);

  /**
   * Says which checkpoints count, all of it at once. Never while {@link #follow} or another
   * publication is under way.
   */
  void publish(Ends ends);

  /** Idempotent and bounded; ends calls in flight. */
  @Override
  void close();
}
