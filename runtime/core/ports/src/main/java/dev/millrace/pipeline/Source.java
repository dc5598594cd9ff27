package dev.millrace.pipeline;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.EventId;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** An ordered stream of events that can be opened again after any block. */
public interface Source extends AutoCloseable {
  /**
   * Opens the stream at a lane's position. If a reorg has replaced that position, the first step is
   * a {@link Rewind}.
   */
  Feed open(ResumePoint resumePoint);

  /**
   * Unproven properties of the delivered data, each a short line for people, for instance that no
   * finality is known. They stay when a feed is closed. Any thread.
   */
  default List<String> doubts() {
    return List.of();
  }

  /**
   * Releases what the source holds beside its feeds. The lane closes its source once it has ended.
   */
  @Override
  default void close() {}

  /** The block that a lane has reached. */
  record BlockRef(long block, Bytes32 hash) {}

  /**
   * The position of a lane in its stream, as the lane has stored it.
   *
   * @param last the block that it has reached; null before the first
   * @param window the blocks that a reorg may still replace, ascending, preceded by the final block
   *     below them if it is known; it ends with {@code last}
   * @param found every contract discovered on the way, in order
   * @param isFinal true if the window is known to begin with a final block
   */
  record ResumePoint(
      @Nullable BlockRef last,
      List<BlockRef> window,
      List<DiscoveredContract> found,
      boolean isFinal) {
    /** The position before the first block. */
    public static final ResumePoint START = new ResumePoint(null, List.of(), List.of(), false);

    /** The position at a final block, or at the start if null. */
    public static ResumePoint at(@Nullable BlockRef last) {
      return last == null ? START : new ResumePoint(last, List.of(last), List.of(), true);
    }

    public ResumePoint {
      window = List.copyOf(window);
      found = List.copyOf(found);
    }
  }

  /**
   * A contract that an event of the stream has created, followed from there on.
   *
   * @param contract its name in the definition
   */
  record DiscoveredContract(String contract, Address address, EventId at) {}

  /** A result of a feed: more of the stream, or a reorg that invalidates some of it. */
  sealed interface Step permits Batch, Rewind {}

  /**
   * A reorg has replaced blocks of the stream. This feed delivers nothing more: the stream is
   * reopened where the lane stands after the rewind.
   *
   * @param to the last block that both branches share; null if they share none
   */
  record Rewind(@Nullable BlockRef to) implements Step {}

  /** The extent of the stream, as far as it is known. */
  record BlockRange(OptionalLong firstBlock, OptionalLong lastBlock, OptionalLong events) {}

  /**
   * An open stream. Used by one thread; {@link #close} may come from another and ends a waiting
   * call.
   */
  interface Feed extends AutoCloseable {
    /**
     * Returns the next whole blocks: at least one, at most as many as hold about {@code events}
     * events, without waiting for more than the first; or a {@link Rewind} of delivered blocks.
     * Null at the end of the stream.
     *
     * @throws InterruptedException if the feed was closed or the thread interrupted while it waited
     */
    @Nullable Step next(int events) throws InterruptedException;

    /** The extent of this feed. Any thread. */
    BlockRange extent();

    /** Describes for people why {@link #next} has nothing yet. Any thread. */
    String waitingFor();

    /** Statistics for people, by name. Any thread. */
    default SortedMap<String, String> report() {
      return Collections.emptySortedMap();
    }

    @Override
    void close();
  }
}
