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
public interface Source {
  /**
   * Begins where a lane stands. If the stream has left the branch that the lane is on, the first
   * step is a {@link Rewind}.
   */
  Feed open(Standing standing);

  /**
   * Statements about what was delivered that could not be proven, each a short line for people, for
   * instance that no finality is known. They stay when a feed is closed. Any thread.
   */
  default List<String> doubts() {
    return List.of();
  }

  /** The block that a lane has reached. */
  record Place(long block, Bytes32 hash) {}

  /**
   * What a lane has kept of its stream.
   *
   * @param last the block that it has reached; null before the first
   * @param window the blocks that a reorg may still replace, ascending, and where it is known the
   *     final one below them; it ends with {@code last}
   * @param found every contract found on the way, in order
   * @param isSettled whether the window is known to begin with a final block
   */
  record Standing(@Nullable Place last, List<Place> window, List<Found> found, boolean isSettled) {
    /** Before the first block. */
    public static final Standing START = new Standing(null, List.of(), List.of(), false);

    /** At a final block; at the start if there is none. */
    public static Standing at(@Nullable Place last) {
      return last == null ? START : new Standing(last, List.of(last), List.of(), true);
    }

    public Standing {
      window = List.copyOf(window);
      found = List.copyOf(found);
    }
  }

  /**
   * A contract that an event of the stream has created, and that is followed from there on.
   *
   * @param contract its name in the definition
   */
  record Found(String contract, Address address, EventId at) {}

  /** What a feed tells: more of the stream, or that some of it does not count any more. */
  sealed interface Step permits Batch, Rewind {}

  /**
   * The stream has left the branch that it was on. Nothing more comes from this feed: it is opened
   * anew where the lane stands then.
   *
   * @param to the last block that both branches share; null if they share none
   */
  record Rewind(@Nullable Place to) implements Step {}

  /** How far the stream goes, as far as that is known. */
  record Extent(OptionalLong firstBlock, OptionalLong lastBlock, OptionalLong events) {}

  /**
   * The stream itself. Used by one thread; {@link #close} may come from another and ends a waiting
   * call.
   */
  interface Feed extends AutoCloseable {
    /**
     * The next whole blocks: at least one, at most so many that they hold about {@code events}
     * events, without waiting for more than the first; or that blocks told before do not count.
     * Null at the end of the stream.
     *
     * @throws InterruptedException if the feed was closed or the thread interrupted while it waited
     */
    @Nullable Step next(int events) throws InterruptedException;

    /** How far this goes; may be asked by any thread. */
    Extent extent();

    /** Why {@link #next} has nothing yet, in words for people; may be asked by any thread. */
    String waitingFor();

    /** Counts and facts for people, by name; may be asked by any thread. */
    default SortedMap<String, String> report() {
      return Collections.emptySortedMap();
    }

    @Override
    void close();
  }
}
