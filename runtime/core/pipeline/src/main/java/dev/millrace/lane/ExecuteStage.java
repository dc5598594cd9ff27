package dev.millrace.lane;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.EffectResult;
import dev.millrace.pipeline.ExecutedBatch;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Frontier;
import dev.millrace.pipeline.SourceEvent;
import dev.millrace.staging.ChangeSet;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the handlers of each batch, one event after the other, and freezes their changes.
 *
 * <p>Confined to the execute thread, as is everything in {@link HandlerState}.
 */
final class ExecuteStage implements com.lmax.disruptor.EventHandler<RingSlot> {
  private static final Logger HANDLERS = LoggerFactory.getLogger("dev.millrace.handler");

  private static final String LEFT_INTERRUPTED =
      "handler left its thread interrupted; clear the flag with Thread.interrupted(), or rethrow"
          + " the InterruptedException";

  /** Effect answers may take at most this fraction (1/n) of the room that a lane has. */
  private static final int ANSWERS_SHARE = 4;

  /**
   * Misses of the run after which the rest of a batch is preloaded again, doubled with each time. A
   * preload is cut when handlers stand still, or when the machine does not let them move for that
   * long; one read after the other, the rest of a large batch then takes minutes. A preload that is
   * cut costs 0.2 s, about as much as this many reads.
   */
  private static final int MISSES_BEFORE_PRELOAD = 250;

  private final LaneServices lane;
  private final HandlerState memory;
  private final FetchAhead ahead;
  private final HandlerWatchdog watch;

  /** True if the previous batch missed memory. */
  private boolean preloadNext;

  /** Misses that are still read one by one before the rest of the batch is preloaded. */
  private int missesLeft;

  /** The next value of {@link #missesLeft}. */
  private int nextMisses;

  /** Index into its batch of the event that runs. */
  private int current;

  private @Nullable Batch running;

  /** The event whose handler was the last to return. */
  private @Nullable SourceEvent last;

  ExecuteStage(LaneServices lane, HandlerState memory, FetchAhead ahead, HandlerWatchdog watch) {
    this.lane = lane;
    this.memory = memory;
    this.ahead = ahead;
    this.watch = watch;
  }

  @Override
  public void onEvent(RingSlot slot, long sequence, boolean endOfBatch) {
    Batch batch = slot.batch;
    try {
      process(slot);
    } finally {
      ahead.release(batch == null ? 0 : batch.bytes());
    }
  }

  /** Releases memory at the end of the lane: other lanes may still run in this process. */
  @Override
  public void onShutdown() {
    memory.release();
    lane.progress.released();
  }

  private void process(RingSlot slot) {
    Batch batch = slot.batch;
    if (slot.content != RingSlot.Content.BATCH || batch == null) {
      return;
    }
    try {
      rewind(slot.resumedAt);
      long stalledFrom = lane.now();
      if (!lane.lifecycle.mayExecute() || !makeRoom(slot) || !lane.lifecycle.mayExecute()) {
        slot.skipped = true;
        return;
      }
      slot.executeStart = lane.now();
      slot.stalledNanos = slot.executeStart - stalledFrom;
      ExecutedBatch executed;
      try {
        executed = execute(slot.number, batch);
      } catch (MillraceException failed) {
        awaitCommits(failed);
        throw failed;
      }
      slot.executed = executed;
      slot.executeEnd = lane.now();
      lane.transit.add(executed.bytes());
      lane.progress.processed(executed, memory.bytes());
    } catch (Throwable thrown) {
      MillraceException failure = LaneServices.explained(late(thrown), "batch could not run");
      if (isDropped(failure)) {
        slot.skipped = true;
      } else {
        lane.lifecycle.fail();
        slot.fail(failure);
        EventFailureReport.trace(failure);
      }
    } finally {
      running = null;
      watch.end();
    }
  }

  /** Forgets memory with the first batch after a rewind: a cached row does not know its branch. */
  private void rewind(@Nullable Frontier to) {
    if (to != null) {
      memory.rewind(to.checkpoint());
      lane.progress.executedRewind(to);
    }
  }

  /**
   * Waits until earlier batches are durable when a handler has met a reorg, because the rewind
   * drops the rest: over a slow store the same batches would otherwise run and be dropped again and
   * again for as long as the handler meets the reorg.
   */
  private void awaitCommits(MillraceException failure) {
    if (failure.remedy() != Remedy.REWIND) {
      return;
    }
    watch.end();
    int inTransit = lane.transit.batches();
    while (inTransit > 0 && awaitFewer(inTransit, Transit.Stall.DEPTH)) {
      inTransit = lane.transit.batches();
    }
  }

  /**
   * True if the failure was caused by a replaced block, or by a handler while the lane rewinds
   * already: the lane does not fail, and the events that remain run again.
   */
  private boolean isDropped(MillraceException failure) {
    if (failure.remedy() == Remedy.REWIND) {
      lane.lifecycle.rewindHandshake().reorgDetected(failure);
      return true;
    }
    return lane.lifecycle.rewindHandshake().inProgress() && failure.remedy() == Remedy.FIX_HANDLER;
  }

  /** Waits until depth and bytes allow another batch; false if the lane was abandoned. */
  private boolean makeRoom(RingSlot slot) throws InterruptedException {
    while (true) {
      long committed = lane.progress.committedCheckpoint();
      memory.store().committed(committed);
      long held = lane.transit.bytes() + ahead.bytes();
      long allowed = lane.transit.allow(memory.bytes() + held);
      memory.effects().evict(committed, allowed / ANSWERS_SHARE);
      memory.store().evict(Math.max(0, allowed - held - memory.effects().bytes()));
      int inTransit = lane.transit.batches();
      Transit.Stall cause = stall(inTransit, allowed);
      if (cause == null) {
        return true;
      }
      slot.stalledBy = cause.name().toLowerCase(Locale.ROOT);
      if (!awaitFewer(inTransit, cause)) {
        return false;
      }
    }
  }

  private boolean awaitFewer(int inTransit, Transit.Stall cause) {
    try {
      return lane.transit.awaitFewer(inTransit, cause);
    } catch (InterruptedException interrupted) {
      throw EventFailureReport.interruptedAfter(last, "it waited for " + cause.words, interrupted);
    }
  }

  private Transit.@Nullable Stall stall(int inTransit, long allowed) {
    if (inTransit > lane.settings.depth()) {
      return Transit.Stall.DEPTH;
    }
    boolean full = memory.bytes() + lane.transit.bytes() + ahead.bytes() > allowed;
    // With nothing in transit no commit can make room: a batch larger than the limit goes ahead.
    return full && inTransit > 0 ? Transit.Stall.BYTES : null;
  }

  private ExecutedBatch execute(long number, Batch batch) throws Exception {
    long missesBefore = memory.misses();
    memory.store().begin(batch.reversible());
    running = batch;
    current = 0;
    missesLeft = 0;
    nextMisses = MISSES_BEFORE_PRELOAD;
    lane.failpoint.reached(Failpoint.Point.BEFORE_PRELOAD, number);
    if (preloadNext) {
      preloadRest();
    }
    lane.failpoint.reached(Failpoint.Point.BEFORE_RUN, number);
    if (!batch.events().isEmpty()) {
      watch.begin(batch.events());
      run(batch.events());
    }
    List<EffectResult> effects = memory.effects().freeze();
    ChangeSet changes =
        memory.store().freeze(effects.stream().mapToLong(EffectResult::bytes).sum());
    preloadNext = memory.misses() > missesBefore;
    lane.failpoint.reached(Failpoint.Point.AFTER_RUN, number);
    return new ExecutedBatch(number, batch, changes, effects);
  }

  private void run(List<SourceEvent> events) throws Exception {
    long block = -1;
    for (current = 0; current < events.size(); current++) {
      SourceEvent event = events.get(current);
      if (event.block().number() != block) {
        block = event.block().number();
        memory.store().nextBlock();
      }
      memory.store().nextEvent(current);
      run(event);
    }
  }

  private void run(SourceEvent event) throws Exception {
    if (!lane.lifecycle.isAbandoned() && Thread.interrupted()) {
      throw EventFailureReport.interruptedAfter(last, "no handler ran", null);
    }
    HandlerContext context = new HandlerContext(memory, this::preloadRest, HANDLERS);
    Throwable failure = null;
    watch.run(event);
    try {
      event.handler().handle(event, context);
    } catch (Throwable thrown) {
      failure = thrown;
    }
    Throwable first = context.end();
    if (first == null) {
      first = failure;
    }
    if (isLeftInterrupted(first)) {
      first = new MillraceException(Remedy.FIX_HANDLER, LEFT_INTERRUPTED, first);
    }
    if (first != null) {
      throw EventFailureReport.of(event, first);
    }
    last = event;
  }

  /** Attributes an interrupt in a preload to an earlier event: no handler of the batch sent it. */
  private Throwable late(Throwable thrown) {
    boolean interrupted =
        thrown instanceof MillraceException known
            && known.remedy() == Remedy.RESTART
            && !lane.lifecycle.isAbandoned()
            && Thread.interrupted();
    return interrupted
        ? EventFailureReport.interruptedAfter(last, "the next batch was preloaded", thrown)
        : thrown;
  }

  /**
   * True if a handler has left its thread interrupted and no other error explains the failure.
   * Clears the flag, which would otherwise end the next wait of this thread.
   */
  private boolean isLeftInterrupted(@Nullable Throwable failure) {
    if (lane.lifecycle.isAbandoned() || !Thread.interrupted()) {
      return false;
    }
    return failure == null
        || (failure instanceof MillraceException known && known.remedy() == Remedy.RESTART);
  }

  /**
   * Preloads the events from the current one on, at the first miss of a batch and again after many
   * more.
   */
  private void preloadRest() {
    Batch batch = running;
    if (batch == null || current == batch.events().size() || missesLeft-- > 0) {
      return;
    }
    missesLeft = nextMisses;
    nextMisses *= 2;
    Preload.of(memory, batch.events().subList(current, batch.events().size()));
  }
}
