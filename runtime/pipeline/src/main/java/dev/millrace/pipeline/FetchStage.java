package dev.millrace.pipeline;

import com.lmax.disruptor.RingBuffer;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Moves batches from the source into the ring. One thread of its own. */
final class FetchStage {
  private static final long LOOK_UP_MILLIS = 50;

  private final Source source;
  private final int batchEvents;
  private final RingBuffer<Slot> ring;
  private final Semaphore freeSlots;
  private final Halt halt;
  private final Probe probe;
  private long number;

  /** Where the lane stood when it last turned back, until a batch has carried the news. */
  private @Nullable Frontier rewound;

  FetchStage(
      Source source,
      int batchEvents,
      RingBuffer<Slot> ring,
      Semaphore freeSlots,
      Halt halt,
      Probe probe) {
    this.source = source;
    this.batchEvents = batchEvents;
    this.ring = ring;
    this.freeSlots = freeSlots;
    this.halt = halt;
    this.probe = probe;
  }

  void run(Supplier<Source.Standing> standing, Consumer<Source.Feed> opened) {
    try {
      Source.Standing next = standing.get();
      while (next != null) {
        next = fetch(next, opened);
      }
      publish(slot -> slot.end(number));
    } catch (InterruptedException _) {
      publish(slot -> slot.end(number));
    } catch (MillraceException failed) {
      // What fails because the lane is to stop is no failure.
      publish(slot -> {
        if (halt.isDraining()) {
          slot.end(number);
        } else {
          slot.fail(number, failed);
        }
      });
    } catch (Throwable thrown) {
      MillraceException bug =
          new MillraceException(Remedy.REPORT_BUG, "source failed: error=" + thrown, thrown);
      publish(slot -> slot.fail(number, bug));
    }
  }

  /** One feed to its end; where to go on if the stream has turned back. */
  private Source.@Nullable Standing fetch(Source.Standing from, Consumer<Source.Feed> opened)
      throws InterruptedException {
    try (Source.Feed feed = source.open(from)) {
      opened.accept(feed);
      return fetch(feed);
    }
  }

  private Source.@Nullable Standing fetch(Source.Feed feed) throws InterruptedException {
    while (halt.allowsFetches()) {
      // A permit per slot: with one in hand the ring never makes this thread spin for room.
      freeSlots.acquire();
      Source.Step step;
      try {
        probe.pass(Probe.Point.FETCH, number + 1);
        step = feed.next(batchEvents);
      } catch (Throwable thrown) {
        freeSlots.release();
        throw thrown;
      }
      switch (step) {
        case null -> {
          freeSlots.release();
          return null;
        }
        case Batch batch -> {
          number++;
          ring.publishEvent((slot, _, next) -> slot.load(number, next, rewound), batch);
          rewound = null;
        }
        case Source.Rewind(Source.Place to) -> {
          return turnBack(to);
        }
      }
    }
    return null;
  }

  /** Nothing is published until the lane stands on the branch that counts. */
  private Source.Standing turnBack(Source.@Nullable Place to) throws InterruptedException {
    halt.turn().begin();
    ring.publishEvent((slot, _) -> slot.rewind(number, to));
    Turn.Turned turned = halt.turn().await();
    rewound = turned.frontier();
    return turned.standing();
  }

  /**
   * The last slot of the stream; nothing is published after it, and nothing at all once the stages
   * that would free a slot are gone.
   */
  private void publish(Consumer<Slot> content) {
    while (!halt.isAbandoned()) {
      try {
        if (freeSlots.tryAcquire(LOOK_UP_MILLIS, TimeUnit.MILLISECONDS)) {
          ring.publishEvent((slot, _) -> content.accept(slot));
          return;
        }
      } catch (InterruptedException _) {
        // The interrupt ended the feed; its end must still be told, unless the lane is abandoned.
      }
    }
  }
}
