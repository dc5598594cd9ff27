package dev.millrace.testkit;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.Versions;
import dev.millrace.pipeline.Ends;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.LaneMirror;
import dev.millrace.pipeline.Ledger;
import dev.millrace.pipeline.Probe;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * A mirror in memory: the object that survives when processes crash, and that processes which were
 * passed over go on writing to. It forgives nothing that a real one could not: a row under an epoch
 * that was not announced, a row that can be seen before its commit, a publication that contradicts
 * another are errors.
 *
 * <p>Like ClickHouse it remembers inserts by their tokens, even when the rows are gone, and a call
 * that timed out may still take effect later: when a test calls {@link #land}.
 */
public final class MemoryMirror {
  private final ReentrantLock lock = new ReentrantLock();
  private final List<EntityType<?>> types;
  private final MirrorContents contents = new MirrorContents(); // guarded by lock
  private final List<Runnable> late = new ArrayList<>(); // guarded by lock
  private volatile Predicate<String> timesOut = _ -> false;
  private volatile Predicate<Object> refused = _ -> false;
  private volatile int blockRows = 2;

  /** Of the entities that the definition mirrors. */
  public MemoryMirror(Indexer indexer) {
    this.types =
        indexer.entities().stream().filter(type -> indexer.storage(type).isMirrored()).toList();
  }

  /** As one process writes to it, which passes this probe. */
  public LaneMirror opened(String lane, Probe probe) {
    return new MemoryMirrorLane(this, lane, probe);
  }

  /** How many rows go in at once; a group is sent in as many blocks per table as it takes. */
  public MemoryMirror blocksOf(int rows) {
    blockRows = rows;
    return this;
  }

  /** Calls, by their description, whose answer does not come: what they do is done later. */
  public void timesOut(Predicate<String> call) {
    timesOut = call;
  }

  /** Rows that this mirror cannot keep. */
  public void refuses(Predicate<Object> row) {
    refused = row;
  }

  /** All that has timed out takes effect now, as if it had been on its way until here. */
  public void land() {
    locked(() -> {
      late.forEach(Runnable::run);
      late.clear();
      return true;
    });
  }

  /** Deletes rows that no reader can see, by the ends that are published. */
  public void clean(String lane) {
    locked(() -> {
      contents.clean(lane);
      return true;
    });
  }

  /** The rows of a lane by id, as a view shows them. */
  public <E> Map<Object, E> rows(String lane, EntityType<E> type) {
    return locked(() -> rows(type, versions(lane, type), Long.MAX_VALUE));
  }

  /** The same as of an older checkpoint; refused where not all of its versions are kept. */
  public <E> Map<Object, E> rows(String lane, EntityType<E> type, long checkpoint) {
    return locked(() -> {
      if (type.layout().versions() == Versions.LATEST && checkpoint < settled(lane)) {
        throw new MillraceException(
            Remedy.FIX_SETUP,
            "state is not kept: entity=%s checkpoint=%d settled=%d"
                .formatted(type, checkpoint, settled(lane)));
      }
      return rows(type, versions(lane, type), checkpoint);
    });
  }

  /** The rows that a store with this ledger should have, whatever was published. */
  public <E> Map<Object, E> rows(String lane, EntityType<E> type, Ledger ledger) {
    return locked(() -> rows(type, versions(lane, type, ledger), ledger.checkpoint()));
  }

  private static <E> Map<Object, E> rows(
      EntityType<E> type, List<RowVersion> versions, long checkpoint) {
    Map<Object, E> rows = new TreeMap<>(SerialOracle.byId(type));
    for (RowVersion version : versions) {
      Object row = version.row();
      if (version.checkpoint() > checkpoint) {
        continue;
      }
      if (row == null) {
        rows.remove(version.id());
      } else {
        rows.put(version.id(), type.type().cast(row));
      }
    }
    return rows;
  }

  /** The versions that can be seen, in order of checkpoints. */
  public List<RowVersion> versions(String lane, EntityType<?> type) {
    return locked(() -> contents.visible(lane, type, contents.ends(lane)));
  }

  /** The same where epochs end as a ledger says. */
  public List<RowVersion> versions(String lane, EntityType<?> type, Ledger ledger) {
    Map<Long, Long> ends = new HashMap<>();
    ledger.epochs().forEach(epoch -> ends.put(epoch.number(), epoch.end()));
    return locked(() -> contents.visible(lane, type, ends));
  }

  /** The last publication that counts. */
  public Optional<Ends> said(String lane) {
    return locked(() -> Optional.ofNullable(contents.latest(lane)));
  }

  private long settled(String lane) {
    return said(lane).map(Ends::settled).orElse(0L);
  }

  /** All rows that lie in it, whether anybody can see them or not. */
  public int size() {
    return locked(contents::size);
  }

  List<EntityType<?>> types() {
    return types;
  }

  int blockRows() {
    return blockRows;
  }

  boolean refuses(Object row) {
    return refused.test(row);
  }

  /** Keeps nothing unless all of the ledger fits. */
  void follow(String lane, Ledger ledger) {
    locked(() -> {
      contents.check(lane, ledger);
      return true;
    });
    call("follow " + lane, (into, _) -> into.follow(ledger));
  }

  /** What a call does to the contents. */
  @FunctionalInterface
  interface Effect {
    void on(MirrorContents contents, boolean late);
  }

  /** Does it now, or later if the call times out. */
  void call(String description, Effect effect) {
    boolean lost = timesOut.test(description);
    locked(() -> {
      if (lost) {
        late.add(() -> effect.on(contents, true));
      } else {
        effect.on(contents, false);
      }
      return true;
    });
    if (lost) {
      throw new MillraceException(Remedy.RETRY, "mirror does not answer: call=" + description);
    }
  }

  /** Several looks at one moment. */
  <T> T locked(Supplier<T> action) {
    lock.lock();
    try {
      return action.get();
    } finally {
      lock.unlock();
    }
  }
}
