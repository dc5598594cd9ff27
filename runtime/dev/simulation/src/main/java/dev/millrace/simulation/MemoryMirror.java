package dev.millrace.simulation;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.Versions;
import dev.millrace.pipeline.EpochEnds;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.LaneMirror;
import dev.millrace.testkit.RowVersion;
import dev.millrace.testkit.SerialOracle;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * A mirror in memory: the object survives when processes crash, and fenced processes go on writing
 * to it. It is at least as strict as a real mirror: a row under an epoch that was not announced, a
 * row that is visible before its commit, and a publication that contradicts another are errors.
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

  /** A mirror of the entities that the definition mirrors. */
  public MemoryMirror(Indexer indexer) {
    this.types =
        indexer.entities().stream().filter(type -> indexer.storage(type).isMirrored()).toList();
  }

  /** Opens a lane for one process, which passes this failpoint. */
  public LaneMirror opened(String lane, Failpoint failpoint) {
    return new MemoryMirrorLane(this, lane, failpoint);
  }

  /** Sets the rows per insert; a group is sent in as many blocks per table as it needs. */
  public MemoryMirror blocksOf(int rows) {
    blockRows = rows;
    return this;
  }

  /** Selects calls, by their description, that time out: they fail now and take effect later. */
  public void timesOut(Predicate<String> call) {
    timesOut = call;
  }

  /** Selects rows that this mirror cannot keep. */
  public void refuses(Predicate<Object> row) {
    refused = row;
  }

  /** Applies all calls that have timed out, as if they had been on their way until now. */
  public void land() {
    locked(() -> {
      late.forEach(Runnable::run);
      late.clear();
      return true;
    });
  }

  /** Deletes rows that no reader can see, by the published ends. */
  public void clean(String lane) {
    locked(() -> {
      contents.clean(lane);
      return true;
    });
  }

  /** Returns the rows of a lane by id, as a view shows them. */
  public <E> Map<Object, E> rows(String lane, EntityType<E> type) {
    return locked(() -> SerialOracle.rows(type, versions(lane, type), Long.MAX_VALUE));
  }

  /** Returns the rows as of an older checkpoint; refuses it if not all versions are kept. */
  public <E> Map<Object, E> rows(String lane, EntityType<E> type, long checkpoint) {
    return locked(() -> {
      if (type.layout().versions() == Versions.LATEST && checkpoint < finalizedCheckpoint(lane)) {
        throw new MillraceException(
            Remedy.FIX_SETUP,
            "state is not kept: entity=%s checkpoint=%d settled=%d"
                .formatted(type, checkpoint, finalizedCheckpoint(lane)));
      }
      return SerialOracle.rows(type, versions(lane, type), checkpoint);
    });
  }

  /** Returns the visible versions, in order of checkpoints. */
  public List<RowVersion> versions(String lane, EntityType<?> type) {
    return locked(() -> contents.visible(lane, type, contents.ends(lane)));
  }

  /** Returns the versions that are visible with the epoch ends of an epoch history. */
  public List<RowVersion> versions(String lane, EntityType<?> type, EpochHistory epochHistory) {
    Map<Long, Long> ends = new HashMap<>();
    epochHistory.epochs().forEach(epoch -> ends.put(epoch.number(), epoch.end()));
    return locked(() -> contents.visible(lane, type, ends));
  }

  /** Returns the last publication that counts. */
  public Optional<EpochEnds> published(String lane) {
    return locked(() -> Optional.ofNullable(contents.latest(lane)));
  }

  private long finalizedCheckpoint(String lane) {
    return published(lane).map(EpochEnds::finalizedCheckpoint).orElse(0L);
  }

  /** Number of all stored rows, visible or not. */
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

  /**
   * Checks the epoch history and follows it; keeps nothing unless all of the epoch history fits.
   */
  void follow(String lane, EpochHistory epochHistory) {
    locked(() -> {
      contents.check(lane, epochHistory);
      return true;
    });
    call("follow " + lane, (into, _) -> into.follow(epochHistory));
  }

  /** The action of a call on the contents. */
  @FunctionalInterface
  interface Effect {
    void on(MirrorContents contents, boolean late);
  }

  /** Runs the action now, or later if the call times out. */
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

  /** Runs several reads at one moment. */
  <T> T locked(Supplier<T> action) {
    lock.lock();
    try {
      return action.get();
    } finally {
      lock.unlock();
    }
  }
}
