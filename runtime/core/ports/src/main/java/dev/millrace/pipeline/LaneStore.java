package dev.millrace.pipeline;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.staging.CommittedReads;
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
  /** The frontier at the takeover. */
  Frontier opened();

  /** The position from which a source continues. Not while a commit is under way. */
  Source.ResumePoint resumePoint();

  /**
   * Reads the epoch history of the lane. Any thread.
   *
   * @throws dev.millrace.loaders.MillraceException with remedy {@code YIELD} if the lane is not
   *     held in our epoch any more
   */
  EpochHistory epochHistory();

  /** Committed rows. Any thread may read. */
  CommittedReads reads();

  /**
   * Makes a group durable in one transaction, fenced by epoch and commit number. Commit thread
   * only.
   */
  void commit(CommitGroup group);

  /**
   * Undoes everything above a block in one transaction, fenced like a commit, and continues in a
   * new epoch; with nothing to undo, only begins the epoch. Commit thread only.
   *
   * @param to the last block that still counts; null if none does
   * @return the new frontier: at {@code to}, or below it if the lane had not come that far
   * @throws dev.millrace.loaders.MillraceException with remedy {@code FIX_SETUP}, and nothing
   *     changed, if a final block would have to be undone
   */
  Frontier rewind(Source.@Nullable BlockRef to);

  /** Returns stored answers of an effect for these inputs: input to output. Any thread may read. */
  Map<String, String> effects(String effect, Collection<String> inputs);

  /**
   * Builds the indexes that a handler's query needs, between two commits or while there is none.
   * Commit thread only.
   */
  void index(EntityType<?> type, Collection<String> columns);

  /**
   * Problems of this store that are no failure and should still be known, each a short line for
   * people, for instance an index that cannot be built. Any thread.
   */
  default List<String> doubts() {
    return List.of();
  }

  /**
   * Registers a callback for the loss of the lane to another process, called from any thread and at
   * most once: a lane on a quiet chain commits nothing that would meet the fence.
   */
  default void onLost(Consumer<MillraceException> lost) {}

  /** Builds the remaining indexes once the lane has caught up. Commit thread only. */
  void buildDeferredIndexes();

  /**
   * Describes the request that takes long at the moment and what it waits for; empty if none does.
   * Any thread.
   */
  default String waitingFor() {
    return "";
  }

  /**
   * Releases the lane. Idempotent and bounded; ends a commit in flight by breaking its connection.
   */
  @Override
  void close();
}
