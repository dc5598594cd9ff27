package dev.millrace.lane;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.PendingCallTracker;
import dev.millrace.pipeline.SourceEvent;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Preloads a batch: runs its handlers for their reads only, so that the run finds memory filled.
 *
 * <p>One task runs at a time: the holder of the <em>permit</em>. A task is a virtual thread that
 * handles event after event while memory answers. A task whose read must wait passes the permit on:
 * to a task that can go on, else to a new one for the remaining events, else back to the execute
 * thread, which sends all reads collected so far as one round and resumes the tasks. So a batch
 * costs as many round trips as its deepest chain of reads.
 *
 * <p>A holder that has not moved for {@link #STALL_TIMEOUT} is waiting for something invisible
 * here, a lock of another task or an outside service. The permit is taken from that task and given
 * to the events behind it; the task queues for the permit again at its next call of its Context.
 * The reads collected so far are sent without those of stalled tasks only when every event has
 * begun or too many holders have stalled.
 *
 * <p>Handlers and effects may keep every carrier, and a task that was handed the permit then never
 * goes on. After {@link #MAX_START} the preload is cut, and the run goes on without it.
 *
 * <p>A preload is a guess, and may be cut short at any moment: every Context is then dead, and its
 * next call throws.
 */
final class Preload {
  private static final Logger LOG = LoggerFactory.getLogger(Preload.class);
  private static final long STALL_TIMEOUT = TimeUnit.MILLISECONDS.toNanos(20);

  private static final long MAX_START = TimeUnit.SECONDS.toNanos(1);

  /**
   * Longest wait for effect answers while nothing else can go on. The preload may have guessed
   * wrong inputs; the run keeps waiting for the answers that it needs.
   */
  private static final long ANSWERS = TimeUnit.SECONDS.toNanos(10);

  /** Stops allowed in any batch, however few of its events have begun. */
  private static final int FREE_STOPS = 8;

  /**
   * Events per further stop. A stop costs {@link #STALL_TIMEOUT}, as much as some fifty round
   * trips: a batch with more stops would lose more to waiting than its preload saves.
   */
  private static final int EVENTS_PER_STOP = 50;

  private final HandlerState memory;
  private final List<SourceEvent> events;
  private final PreloadReadRound round;
  private final SpinningLock lock = new SpinningLock();

  private final Deque<PreloadTask> ready = new ArrayDeque<>(); // @GuardedBy lock
  private final List<PreloadTask> waiting = new ArrayList<>(); // @GuardedBy lock
  private final Map<PreloadTask, EffectAnswer> asking = new LinkedHashMap<>(); // @GuardedBy lock
  private final Set<PreloadTask> stalled = new HashSet<>(); // @GuardedBy lock
  private @Nullable PreloadTask holder; // @GuardedBy lock; null while no task moves
  private int stallCount; // @GuardedBy lock
  private boolean cut; // @GuardedBy lock

  /**
   * Index of the next event. Confined to the holder of the permit, or to the execute thread while
   * no task has the permit.
   */
  private int next;

  /** Grows with every visible action of the holder. Written by the holder. */
  private volatile long moves;

  private Preload(HandlerState memory, List<SourceEvent> events) {
    this.memory = memory;
    this.events = events;
    this.round = new PreloadReadRound(memory);
  }

  /** Returns when every task has ended or is cut off from memory. Execute thread. */
  static void of(HandlerState memory, List<SourceEvent> events) {
    memory.effects().beforePreload();
    new Preload(memory, events).run();
  }

  private void run() {
    lock.lock();
    try {
      yieldToNext();
      while (step()) {}
      cut = true;
      allTasks().forEach(PreloadTask::kill);
    } catch (InterruptedException _) {
      cut = true;
      allTasks().forEach(PreloadTask::kill);
      Thread.currentThread().interrupt();
      // A task inside its Context cannot be stopped there, so nothing may run beside it.
      throw new MillraceException(Remedy.RESTART, "interrupted while a batch was preloaded");
    } finally {
      lock.unlock();
    }
  }

  private List<PreloadTask> allTasks() {
    List<PreloadTask> all = new ArrayList<>(ready);
    all.addAll(waiting);
    all.addAll(asking.keySet());
    all.addAll(stalled);
    PreloadTask holding = holder;
    if (holding != null) {
      all.add(holding);
    }
    return all;
  }

  /**
   * Performs one step of the execute thread, which holds the lock; false when nothing is left to
   * wait for.
   */
  private boolean step() throws InterruptedException {
    if (holder != null) {
      return awaitHolder();
    }
    asking.forEach((task, answer) -> {
      if (answer.isDone()) {
        ready.add(task);
      }
    });
    ready.forEach(asking::remove);
    // Also after a holder has stood still: the events behind it have not read anything yet.
    if (!ready.isEmpty() || next < events.size()) {
      yieldToNext();
      return true;
    }
    if (!round.isEmpty()) {
      return send();
    }
    if (!asking.isEmpty()) {
      return awaitAnswers();
    }
    return !stalled.isEmpty() && lock.awaitNanos(STALL_TIMEOUT) > 0;
  }

  /** Waits until an effect has answered, as nothing else can go on; false after too long. */
  private boolean awaitAnswers() throws InterruptedException {
    EffectAnswer first = asking.values().iterator().next();
    long left = Math.min(ANSWERS, first.patience().toNanos());
    try (PendingCallTracker.Call _ = memory.effects().waitFor(first)) {
      while (left > 0
          && ready.isEmpty()
          && asking.values().stream().noneMatch(EffectAnswer::isDone)) {
        left = lock.awaitNanos(left);
      }
      return left > 0;
    }
  }

  private boolean awaitHolder() throws InterruptedException {
    long before = moves;
    if (lock.awaitNanos(STALL_TIMEOUT) > 0 || moves != before || holder == null) {
      return true;
    }
    PreloadTask silent = holder;
    boolean isStarved = silent.giveUpStart();
    if (isStarved || silent.state.compareAndSet(PreloadState.RUNNING, PreloadState.STALLED)) {
      stalled.add(silent);
      holder = null;
      stallCount++;
    }
    if (!isStarved && stallCount <= FREE_STOPS + next / EVENTS_PER_STOP) {
      return true;
    }
    if (holder == null && !round.isEmpty()) {
      send(); // send the reads collected so far in any case
    }
    return false;
  }

  private boolean send() {
    lock.unlock();
    try {
      round.send();
    } catch (RuntimeException failed) {
      LOG.debug("preload ends early; the run meets the same error", failed);
      return false;
    } finally {
      lock.lock();
    }
    ready.addAll(waiting);
    waiting.clear();
    return true;
  }

  /** Passes the permit to a task that can go on. Holds the lock. */
  private void yieldToNext() {
    PreloadTask following = ready.poll();
    if (following == null && next < events.size() && !cut) {
      following = new PreloadTask();
      holder = following;
      following.state.set(PreloadState.RUNNING);
      following.thread = Thread.ofVirtual().name("millrace-preload").unstarted(following::run);
      following.thread.start();
      return;
    }
    holder = following;
    if (following == null) {
      lock.signal();
    } else {
      following.grant();
    }
  }

  void effectEnded() {
    lock.lock();
    try {
      lock.signal();
    } finally {
      lock.unlock();
    }
  }

  /** A virtual thread that handles events, one after the other, until a read must wait. */
  final class PreloadTask {
    private final AtomicReference<PreloadState> state = new AtomicReference<>(PreloadState.WAITING);
    private @Nullable Thread thread;
    private long grantedAt; // @GuardedBy lock

    private void run() {
      SourceEvent event = claim();
      while (event != null) {
        PreloadContext context = new PreloadContext(memory, this);
        try {
          event.handler().handle(event, context);
        } catch (Throwable _) {
          // An error of a preload may come from its own guesses. The run meets the real ones.
        }
        // The run reports a flag that is left set; here the flag would reach the next event.
        Thread.interrupted();
        context.end();
        event = claim();
      }
      end();
    }

    /** Claims the next event, if there is one and this task still holds the permit. */
    private @Nullable SourceEvent claim() {
      if (!state.compareAndSet(PreloadState.RUNNING, PreloadState.INSIDE)) {
        return null;
      }
      SourceEvent event = next < events.size() ? events.get(next++) : null;
      moved();
      leave();
      return event;
    }

    @SuppressWarnings("ReferenceEquality")
    private void end() {
      lock.lock();
      try {
        stalled.remove(this);
        if (holder == this) {
          yieldToNext();
        } else {
          lock.signal();
        }
      } finally {
        lock.unlock();
      }
    }

    Preload preload() {
      return Preload.this;
    }

    boolean isCurrent() {
      return Thread.currentThread().equals(thread);
    }

    /** Begins a call of the Context: memory may be touched from here on. */
    void enter() {
      if (state.compareAndSet(PreloadState.RUNNING, PreloadState.INSIDE)) {
        moved();
        return;
      }
      lock.lock();
      try {
        checkAlive();
        stalled.remove(this);
        state.set(PreloadState.WAITING);
        ready.add(this);
        lock.signal();
      } finally {
        lock.unlock();
      }
      awaitGrant();
    }

    void leave() {
      state.compareAndSet(PreloadState.INSIDE, PreloadState.RUNNING);
    }

    @SuppressWarnings("NonAtomicVolatileUpdate")
    private void moved() {
      moves = moves + 1; // only the holder of the permit gets here
    }

    /** Adds a read to the round and waits until the round has been answered. */
    void awaitRound(Consumer<PreloadReadRound> request) {
      lock.lock();
      try {
        checkAlive();
        request.accept(round);
        waiting.add(this);
        state.set(PreloadState.WAITING);
        yieldToNext();
      } finally {
        lock.unlock();
      }
      awaitGrant();
    }

    void awaitAnswer(EffectAnswer answer) {
      lock.lock();
      try {
        checkAlive();
        asking.put(this, answer);
        state.set(PreloadState.WAITING);
        yieldToNext();
      } finally {
        lock.unlock();
      }
      awaitGrant();
    }

    private void checkAlive() {
      if (cut) {
        throw new PreloadAborted();
      }
    }

    /** The caller holds the lock. */
    private void grant() {
      if (state.compareAndSet(PreloadState.WAITING, PreloadState.GRANTED)) {
        grantedAt = System.nanoTime();
        LockSupport.unpark(thread);
      }
    }

    /** Takes the permit from a task whose thread no carrier runs. The caller holds the lock. */
    private boolean giveUpStart() {
      return System.nanoTime() - grantedAt >= MAX_START
          && state.compareAndSet(PreloadState.GRANTED, PreloadState.STALLED);
    }

    /** The caller holds the lock. */
    private void kill() {
      state.set(PreloadState.DEAD);
      LockSupport.unpark(thread);
    }

    /**
     * Clears the interrupt flag while parked: with the flag set a park returns at once, and a
     * spinning virtual thread keeps its carrier from the holder of the permit.
     */
    private void awaitGrant() {
      boolean interrupted = false;
      while (state.get() != PreloadState.DEAD
          && !state.compareAndSet(PreloadState.GRANTED, PreloadState.INSIDE)) {
        interrupted |= Thread.interrupted();
        LockSupport.park(this);
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      if (state.get() == PreloadState.DEAD) {
        throw new PreloadAborted();
      }
      moved();
    }
  }
}
