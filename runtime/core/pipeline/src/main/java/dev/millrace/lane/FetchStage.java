package dev.millrace.lane;

import com.lmax.disruptor.RingBuffer;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Frontier;
import dev.millrace.pipeline.Source;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Moves batches from the source into the ring, on one thread of its own. */
final class FetchStage {
  private static final long LOOK_UP_MILLIS = 50;

  /** Gives endpoints about 25 s to agree, with pauses that double from 50 ms on. */
  private static final int MAX_REOPENINGS = 9;

  private static final long FIRST_PAUSE_MILLIS = 50;
  private static final Semaphore NEVER = new Semaphore(0);

  private final LaneServices lane;
  private final Source source;
  private final RingBuffer<RingSlot> ring;
  private final Semaphore freeSlots;
  private final FetchAhead ahead;
  private long number;

  /** Frontier after the last rewind, until a batch has carried it to execute. */
  private @Nullable Frontier rewound;

  /** Consecutive reopenings of the stream at one block because of a handler. */
  private int reopenings;

  private Source.@Nullable BlockRef reopenedAt;

  FetchStage(
      LaneServices lane,
      Source source,
      RingBuffer<RingSlot> ring,
      Semaphore freeSlots,
      FetchAhead ahead) {
    this.lane = lane;
    this.source = source;
    this.ring = ring;
    this.freeSlots = freeSlots;
    this.ahead = ahead;
  }

  void run(Supplier<Source.ResumePoint> resumePoint, Consumer<Source.Feed> opened) {
    try {
      Source.ResumePoint next = resumePoint.get();
      while (next != null) {
        next = fetch(next, opened);
      }
      publish(slot -> slot.end(number));
    } catch (InterruptedException interrupted) {
      fail(
          new MillraceException(
              Remedy.RESTART,
              "source was interrupted before the end of its stream: batch=" + (number + 1),
              interrupted));
    } catch (Throwable thrown) {
      fail(LaneServices.explained(thrown, "source failed"));
    }
  }

  /** Publishes a failure as the last slot; while the lane drains, an end instead. */
  private void fail(MillraceException failed) {
    publish(slot -> {
      if (lane.lifecycle.isDraining()) {
        slot.end(number);
      } else {
        slot.fail(number, failed);
      }
    });
  }

  /** Reads one feed to its end. Returns the position to continue from after a reorg, else null. */
  private Source.@Nullable ResumePoint fetch(Source.ResumePoint from, Consumer<Source.Feed> opened)
      throws InterruptedException {
    try (Source.Feed feed = source.open(from)) {
      opened.accept(feed);
      return fetch(feed);
    }
  }

  private Source.@Nullable ResumePoint fetch(Source.Feed feed) throws InterruptedException {
    while (lane.lifecycle.mayFetch()) {
      // One permit per slot: with a permit held, the ring never makes this thread spin for room.
      freeSlots.acquire();
      Source.Step step;
      try {
        ahead.acquire();
        lane.failpoint.reached(Failpoint.Point.FETCH, number + 1);
        step = feed.next(lane.settings.batchEvents());
      } catch (Throwable thrown) {
        freeSlots.release();
        throw thrown;
      }
      switch (step) {
        case null -> {
          freeSlots.release();
          return null;
        }
        case Batch _ when lane.lifecycle.rewindHandshake().pendingReorg() != null -> {
          return reopen();
        }
        case Batch batch -> {
          number++;
          ahead.add(batch.bytes());
          ring.publishEvent((slot, _, next) -> slot.load(number, next, rewound), batch);
          rewound = null;
        }
        case Source.Rewind(Source.BlockRef to) -> {
          return rewindLane(to);
        }
      }
    }
    return null;
  }

  /** Rewinds the lane, and publishes nothing until it is back on the current branch. */
  private Source.ResumePoint rewindLane(Source.@Nullable BlockRef to) throws InterruptedException {
    lane.lifecycle.rewindHandshake().begin();
    ring.publishEvent((slot, _) -> slot.rewind(number, to));
    return awaitRewind();
  }

  private Source.ResumePoint awaitRewind() throws InterruptedException {
    RewindHandshake.RewindResult result = lane.lifecycle.rewindHandshake().await();
    rewound = result.frontier();
    return result.resumePoint();
  }

  /**
   * Rewinds to the committed frontier after a handler has met a reorg that the source does not see:
   * the cause may be one stale answer, and execute runs nothing until the lane has been rewound.
   */
  private Source.ResumePoint reopen() throws InterruptedException {
    MillraceException met = lane.lifecycle.rewindHandshake().pendingReorg();
    ring.publishEvent((slot, _) -> slot.rewindToCommitted(number));
    Source.ResumePoint resumePoint = awaitRewind();
    Source.BlockRef last = resumePoint.last();
    reopenings = Objects.equals(last, reopenedAt) ? reopenings + 1 : 1;
    reopenedAt = last;
    if (reopenings > MAX_REOPENINGS) {
      throw new MillraceException(
          Remedy.RESTART,
          "handler keeps meeting a reorg that the source does not see: times=%d reason=\"%s\""
              .formatted(reopenings, met == null ? "" : met.getMessage()),
          met);
    }
    // The permit never comes: a pause that ends early when the lane stops.
    NEVER.tryAcquire(FIRST_PAUSE_MILLIS << (reopenings - 1), TimeUnit.MILLISECONDS);
    return resumePoint;
  }

  /** Publishes the last slot of the stream, or nothing if the stages that free slots are gone. */
  private void publish(Consumer<RingSlot> content) {
    while (!lane.lifecycle.isOver()) {
      try {
        if (freeSlots.tryAcquire(LOOK_UP_MILLIS, TimeUnit.MILLISECONDS)) {
          ring.publishEvent((slot, _) -> content.accept(slot));
          return;
        }
      } catch (InterruptedException _) {
        // The interrupt ended the feed; still publish its end, unless the lane is abandoned.
      }
    }
  }
}
