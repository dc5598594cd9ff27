package dev.millrace.benchmarks;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Query;
import dev.millrace.loaders.RowFilter;
import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.pipeline.Frontier;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.pipeline.Source;
import dev.millrace.staging.CommittedReads;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A store whose commits do nothing but take a given time, so that the disk can neither flatter nor
 * spoil the result. It reads from a given map of rows, and counts its queries.
 */
final class InjectedStore implements LaneStore, CommittedReads {
  private final Map<Object, ?> rows;
  private final Runnable commit;
  private final AtomicInteger queries = new AtomicInteger();

  /** Runs {@code commit} at each commit, independent of its group. */
  InjectedStore(Map<Object, ?> rows, Runnable commit) {
    this.rows = rows;
    this.commit = commit;
  }

  /** Returns the number of queries by id so far. */
  int queries() {
    return queries.get();
  }

  @Override
  public Source.ResumePoint resumePoint() {
    return Source.ResumePoint.START;
  }

  @Override
  public Frontier rewind(Source.@Nullable BlockRef to) {
    throw new IllegalStateException("this stream never turns back: to=" + to);
  }

  @Override
  public Frontier opened() {
    return new Frontier(1, 0, 0, null);
  }

  @Override
  public EpochHistory epochHistory() {
    return new EpochHistory(
        "one", 1, 0, 0, 0, List.of(new EpochHistory.Epoch(1, 0, Instant.EPOCH, 0, false)));
  }

  @Override
  public CommittedReads reads() {
    return this;
  }

  @Override
  public void commit(CommitGroup group) {
    commit.run();
  }

  @Override
  public <E> List<E> byIds(EntityType<E> type, Collection<Object> ids) {
    queries.incrementAndGet();
    List<E> found = new ArrayList<>(ids.size());
    for (Object id : ids) {
      Object row = rows.get(id);
      if (row != null) {
        found.add(type.type().cast(row));
      }
    }
    return found;
  }

  @Override
  public <E> List<E> matching(EntityType<E> type, Collection<RowFilter> filters) {
    throw new IllegalStateException("nothing here queries by field: entity=" + type);
  }

  @Override
  public <E> List<E> page(Query<E> query, @Nullable E after, int size) {
    throw new IllegalStateException("nothing here asks for pages: entity=" + query.type());
  }

  @Override
  public boolean isEmpty(EntityType<?> type) {
    return rows.isEmpty();
  }

  @Override
  public Map<String, String> effects(String effect, Collection<String> inputs) {
    return Map.of();
  }

  @Override
  public void index(EntityType<?> type, Collection<String> columns) {}

  @Override
  public void buildDeferredIndexes() {}

  @Override
  public void close() {}
}
