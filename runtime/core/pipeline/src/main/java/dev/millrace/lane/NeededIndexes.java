package dev.millrace.lane;

import dev.millrace.pipeline.BackoffRetry;
import dev.millrace.pipeline.LaneStore;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Indexes that are built while the lane runs: those that a read asks for, before the next commit,
 * and those deferred to the end of history, once.
 *
 * <p>Confined to the commit thread, except {@link #request}.
 */
final class NeededIndexes {
  private final LaneStore store;
  private final BackoffRetry retry;
  private final Queue<RetryingReads.IndexNeed> requested = new ConcurrentLinkedQueue<>();
  private boolean finished;

  NeededIndexes(LaneStore store, BackoffRetry retry) {
    this.store = store;
    this.retry = retry;
  }

  /** Requests an index, which is built before the next commit. Any thread. */
  void request(RetryingReads.IndexNeed need) {
    requested.add(need);
  }

  /** Builds the indexes that reads have requested. */
  void build() {
    RetryingReads.IndexNeed need = requested.poll();
    while (need != null) {
      RetryingReads.IndexNeed next = need;
      retry.run("index of " + next.type().table(), () -> store.index(next.type(), next.columns()));
      need = requested.poll();
    }
  }

  /** Builds the indexes that were deferred while history was read. */
  void finish() {
    if (!finished) {
      finished = true;
      retry.run("indexes", store::buildDeferredIndexes);
    }
  }
}
