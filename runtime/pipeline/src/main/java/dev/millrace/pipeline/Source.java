package dev.millrace.pipeline;

import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** An ordered stream of events that can be opened again after any block. */
public interface Source {
  /** Begins after a place; at the start of the stream when there is none. */
  Feed open(@Nullable Place after);

  /** The block that a lane has reached. */
  record Place(long block, dev.millrace.loaders.Bytes32 hash) {}

  /** How far the stream goes, as far as that is known. */
  record Extent(OptionalLong firstBlock, OptionalLong lastBlock, OptionalLong events) {}

  /**
   * The stream itself. Used by one thread; {@link #close} may come from another and ends a waiting
   * call.
   */
  interface Feed extends AutoCloseable {
    /**
     * The next whole blocks: at least one, at most so many that they hold about {@code events}
     * events, without waiting for more than the first. Null at the end of the stream.
     *
     * @throws InterruptedException if the feed was closed or the thread interrupted while it waited
     */
    @Nullable Batch next(int events) throws InterruptedException;

    /** How far this goes; may be asked by any thread. */
    Extent extent();

    /** Why {@link #next} has nothing yet, in words for people; may be asked by any thread. */
    String waitingFor();

    @Override
    void close();
  }
}
