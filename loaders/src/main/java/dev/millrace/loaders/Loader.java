package dev.millrace.loaders;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads of the run: memory first, then one query, alone. Whatever a query returns, the version that
 * memory holds of a row decides.
 */
public final class Loader {
  private static final int SMALLEST_PAGE = 64;

  private final StagedStore store;
  private final Reads reads;
  private long misses;

  public Loader(StagedStore store, Reads reads) {
    this.store = store;
    this.reads = reads;
  }

  /** How many reads so far memory could not answer. */
  public long misses() {
    return misses;
  }

  public <E> Optional<E> find(EntityType<E> type, Object id) {
    return switch (store.find(type, id)) {
      case Staged.Present<E>(E entity) -> Optional.of(entity);
      case Staged.Absent<E> _ -> Optional.empty();
      case Staged.Unknown<E> _ -> {
        misses++;
        LoadRound round = round();
        round.want(type, id);
        round.send();
        yield find(type, id);
      }
    };
  }

  public <E> List<E> query(Query<E> query) {
    if (store.missing(query).isEmpty()) {
      return store.matching(query);
    }
    misses++;
    if (query.isLimited()) {
      return page(query);
    }
    LoadRound round = round();
    round.want(query);
    round.send();
    return store.matching(query);
  }

  /** Whether memory alone can answer. */
  public boolean isLoaded(Query<?> query) {
    return store.missing(query).isEmpty();
  }

  /** Begins to collect reads that will share queries. */
  public LoadRound round() {
    return new LoadRound(store, reads, this);
  }

  void missed() {
    misses++;
  }

  /**
   * A limited query: pages by key, without the rows that memory overrules, until enough survive. It
   * never makes a filter complete.
   */
  <E> List<E> page(Query<E> query) {
    List<E> staged = store.matching(query.unlimited());
    List<E> survivors = new ArrayList<>();
    int size = Math.max(query.limit(), SMALLEST_PAGE);
    @Nullable E last = null;
    while (true) {
      List<E> page = reads.page(query, last, size);
      for (E row : page) {
        if (!store.knows(query.type(), query.type().id(row))) {
          survivors.add(row);
        }
      }
      if (page.size() < size || survivors.size() >= query.limit()) {
        break;
      }
      last = page.getLast();
      size = Math.min(2 * size, 1 << 14);
    }
    List<E> all = new ArrayList<>(staged);
    all.addAll(survivors);
    all.sort(query.comparator());
    List<E> answer = all.size() > query.limit() ? List.copyOf(all.subList(0, query.limit())) : all;
    for (E row : answer) {
      store.install(query.type(), row);
    }
    return answer;
  }
}
