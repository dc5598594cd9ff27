package dev.millrace.lane;

import dev.millrace.pipeline.Effect;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.SequencedSet;
import java.util.function.LongSupplier;

/**
 * The calls of one effect that the preloads of one lane ask for. A preload asks for a whole batch
 * at once, so most calls wait here for earlier ones.
 *
 * <p>A preload only guesses inputs. So the run never waits here: a call that the run needs begins
 * at once ({@link #promote}), and its patience counts nothing but the call. Neither do lanes wait
 * for each other: each has a queue of its own.
 */
final class EffectCallQueue {
  /** Maximum of concurrent calls of one effect in one lane: sockets are few. */
  private static final int MAX_CALLS = 64;

  /** One call is kept for the run, which makes one at a time. */
  private static final int MAX_GUESSES = MAX_CALLS - 1;

  private final LongSupplier nanos;
  private final long patience;
  private final SpinningLock lock = new SpinningLock();
  private final SequencedSet<EffectAnswer> queued = new LinkedHashSet<>(); // @GuardedBy lock

  /** Calls under way, each with the time of its begin. */
  private final Map<EffectAnswer, Long> begun = new LinkedHashMap<>(); // @GuardedBy lock

  EffectCallQueue(Effect<?, ?> effect, LongSupplier nanos) {
    this.patience = effect.patience().toNanos();
    this.nanos = nanos;
  }

  /** Begins a call of a preload as soon as fewer than {@link #MAX_GUESSES} are under way. */
  void submit(EffectAnswer answer) {
    lock.lock();
    try {
      queued.addLast(answer);
      beginNext();
    } finally {
      lock.unlock();
    }
  }

  /** Releases the place of a call that has ended. */
  void ended(EffectAnswer answer) {
    lock.lock();
    try {
      begun.remove(answer);
      beginNext();
    } finally {
      lock.unlock();
    }
  }

  /** The caller holds the lock. */
  private void beginNext() {
    while (begun.size() < MAX_GUESSES && !queued.isEmpty()) {
      EffectAnswer next = queued.removeFirst();
      begun.put(next, nanos.getAsLong());
      next.begin();
    }
  }

  /** Begins a queued call at once, because the run waits for its answer. */
  void promote(EffectAnswer answer) {
    lock.lock();
    try {
      if (queued.remove(answer)) {
        answer.begin();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Drops the calls that have not begun. No task of a preload waits for them any more. */
  void drop() {
    lock.lock();
    try {
      queued.forEach(EffectAnswer::drop);
      queued.clear();
    } finally {
      lock.unlock();
    }
  }

  /** Interrupts calls that have given no answer in their patience and that no run waited for. */
  void interruptOverdue() {
    lock.lock();
    try {
      long now = nanos.getAsLong();
      begun.forEach((answer, since) -> {
        if (now - since > patience) {
          answer.abandon();
        }
      });
    } finally {
      lock.unlock();
    }
  }
}
