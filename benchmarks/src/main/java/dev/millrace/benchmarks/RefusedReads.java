package dev.millrace.benchmarks;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Query;
import dev.millrace.loaders.RowFilter;
import dev.millrace.staging.CommittedReads;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Refuses all reads: where memory should answer, a read that reaches the database spoils the
 * result.
 */
final class RefusedReads implements CommittedReads {
  @Override
  public <E> List<E> byIds(EntityType<E> type, Collection<Object> ids) {
    throw refused(type);
  }

  @Override
  public <E> List<E> matching(EntityType<E> type, Collection<RowFilter> filters) {
    throw refused(type);
  }

  @Override
  public <E> List<E> page(Query<E> query, @Nullable E after, int size) {
    throw refused(query.type());
  }

  @Override
  public boolean isEmpty(EntityType<?> type) {
    return true;
  }

  private static IllegalStateException refused(EntityType<?> type) {
    return new IllegalStateException("memory must answer every read: entity=" + type);
  }
}
