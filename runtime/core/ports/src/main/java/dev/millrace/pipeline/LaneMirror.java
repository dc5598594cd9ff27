package dev.millrace.pipeline;

/**
 * The copy of one lane's rows in a second store. Rows are only ever added; the ends of their
 * epochs, which the lane's own store decides and the mirror repeats, say which rows count.
 *
 * <p>Errors carry a remedy: after {@code RETRY} the same call with the same argument may be made
 * again, and rows that an earlier try has added are not added twice.
 */
public interface LaneMirror extends AutoCloseable {
  /**
   * Checks, before the first row of this process, that the mirror is a copy of this epoch history,
   * complete up to its last commit.
   *
   * @throws dev.millrace.loaders.MillraceException with remedy {@code FIX_SETUP}, and nothing
   *     changed, if the mirror follows another store or a state that this store has lost, or lacks
   *     commits
   */
  void follow(EpochHistory epochHistory);

  /**
   * Adds every version of every mirrored row of a group. Mirror thread only.
   *
   * @throws dev.millrace.loaders.MillraceException with remedy {@code FIX_HANDLER} only as long as
   *     nothing of the group has been sent, so that its batches may be tried one by one; with
   *     another remedy, and the refusal as its cause, if a row is refused later
   */
  void insert(MirrorGroup group);

  /**
   * Publishes epoch ends, all at once. Never while {@link #follow} or another publication is under
   * way.
   */
  void publish(EpochEnds ends);

  /** Idempotent and bounded; ends calls in flight. */
  @Override
  void close();
}
