package dev.millrace.pipeline;

import com.lmax.disruptor.RingBuffer;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

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

  void run(Source.Standing standing, Consumer<Source.Feed> opened) {
    try (Source.Feed feed = source.open(standing)) {
      opened.accept(feed);
      fetch(feed);
      publish(slot -> slot.end(number));
    } catch (InterruptedException _) {
      publish(slot -> slot.end(number));
    } catch (MillraceException failed) {
      publish(slot -> slot.fail(number, failed));
    } catch (Throwable thrown) {
      MillraceException bug =
          new MillraceException(Remedy.REPORT_BUG, "source failed: error=" + thrown, thrown);
      publish(slot -> slot.fail(number, bug));
    }
  }

  private void fetch(Source.Feed feed) throws InterruptedException {
    while (halt.allowsRuns()) {
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
      if (!(step instanceof Batch batch)) {
        freeSlots.release();
        return;
      }
      number++;
      ring.publishEvent((slot, _, next) -> slot.load(number, next), batch);
    }
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
