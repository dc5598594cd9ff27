package dev.millrace.pipeline;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Reads;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The durable side of one lane, taken over by this process in an epoch of its own.
 *
 * <p>Errors carry a remedy: after {@code RETRY} the same call with the same argument may be made
 * again, and a commit whose first try had succeeded then succeeds without writing anything twice.
 */
public interface LaneStore extends AutoCloseable {
  /** Where the lane stood when it was taken over. */
  Frontier opened();

  /** What is kept of the stream, for a source to go on from. Not while a commit is under way. */
  Source.Standing standing();

  /**
   * What is kept of the lane's epochs. Any thread.
   *
   * @throws dev.millrace.loaders.MillraceException with remedy {@code YIELD} if the lane is not
   *     held in our epoch any more
   */
  Ledger ledger();

  /** Committed rows. Any thread may read. */
  Reads reads();

  /**
   * Makes a group durable in one transaction, fenced by epoch and commit number. Commit thread
   * only.
   */
  void commit(CommitGroup group);

  /**
   * Undoes, in one transaction that is fenced like a commit, everything above a block, and goes on
   * in a new epoch; with nothing to undo, only that. Commit thread only.
   *
   * @param to the last block that still counts; null if none does
   * @return where the lane stands now: at {@code to}, or below it if it had not come that far
   * @throws dev.millrace.loaders.MillraceException with remedy {@code FIX_SETUP}, and nothing
   *     changed, if what would have to be undone is final
   */
  Frontier rewind(Source.@Nullable Place to);

  /** Stored answers of an effect among these inputs: input to output. Any thread may read. */
  Map<String, String> effects(String effect, Collection<String> inputs);

  /**
   * Builds, between two commits or while there is none, the indexes that a query of a handler
   * needs. Commit thread only.
   */
  void index(EntityType<?> type, Collection<String> columns);

  /**
   * Matters of this store that are no failure and should be known all the same, each a short line
   * for people, for instance an index that cannot be built. Any thread.
   */
  default List<String> doubts() {
    return List.of();
  }

  /**
   * Registers what is called, from any thread and at most once, when the lane turns out to be held
   * by another process: a lane on a quiet chain commits nothing that would meet the fence.
   */
  default void onLost(Consumer<MillraceException> lost) {}

  /** The lane has caught up: builds what indexes are left. Commit thread only. */
  void finish();

  /**
   * The request that takes long just now and what it waits for, in words; empty if none does. Any
   * thread.
   */
  default String waitingFor() {
    return "";
  }

  /**
   * Gives the lane back. Idempotent and bounded; ends a commit in flight by breaking its
   * connection.
   */
  @Override
  void close();
}
