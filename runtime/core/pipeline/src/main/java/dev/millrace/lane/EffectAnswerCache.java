package dev.millrace.lane;

import dev.millrace.loaders.ColumnType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.BackoffRetry;
import dev.millrace.pipeline.Effect;
import dev.millrace.pipeline.EffectResult;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.pipeline.PendingCallTracker;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The cache of effect answers. Confined to the execute thread and to the holder of a preload's
 * permit.
 */
final class EffectAnswerCache {
  private record Key(String effect, String input) {}

  private final LaneStore store;
  private final BackoffRetry retry;
  private final LongSupplier nanos;
  private final Map<String, Effect<?, ?>> byName = new HashMap<>();
  private final Map<String, EffectCallQueue> queues = new HashMap<>();

  /** In access order: the least recently used answer comes first. */
  private final Map<Key, EffectAnswer> answers = new LinkedHashMap<>(16, 0.75f, true);

  /** Answers that were not done when bytes were last counted. */
  private final Map<Key, EffectAnswer> uncounted = new LinkedHashMap<>();

  private List<EffectResult> asked = new ArrayList<>();
  private long uses;
  private long bytes;

  EffectAnswerCache(LaneStore store, BackoffRetry retry, LongSupplier nanos) {
    this.store = store;
    this.retry = retry;
    this.nanos = nanos;
  }

  /** Number of calls that handlers have made so far. */
  long uses() {
    return uses;
  }

  /** Returns the answer in memory, done or pending; forgets one that has failed. */
  @Nullable EffectAnswer known(Effect<?, ?> effect, String input) {
    uses++;
    Effect<?, ?> first = byName.putIfAbsent(effect.name(), effect);
    if (first != null && first != effect) {
      effect.requireSame(first);
    }
    Key key = new Key(effect.name(), input);
    EffectAnswer known = answers.get(key);
    if (known != null && known.isDone() && known.hasFailed()) {
      forget(key, known); // the next call may succeed
      answers.remove(key);
      return null;
    }
    return known;
  }

  /** Loads answers of an effect that memory does not hold from the database. */
  void load(Effect<?, ?> effect, List<String> inputs) {
    Map<String, String> found =
        retry.call(
            "read of effect " + effect.name(), () -> store.effects(effect.identity(), inputs));
    found.forEach((input, output) -> {
      Key key = new Key(effect.name(), input);
      if (!answers.containsKey(key)) {
        remember(key, EffectAnswer.readBack(effect, output));
      }
    });
  }

  /** Makes the call for a preload as soon as the queue allows; {@code then} runs at its end. */
  <I, O> EffectAnswer guess(Effect<I, O> effect, I input, String text, Runnable then) {
    EffectAnswer answer = new EffectAnswer(effect);
    remember(new Key(effect.name(), text), answer);
    EffectCallQueue queue = queue(effect);
    answer.prepare(
        effect,
        input,
        () -> {
          queue.ended(answer);
          then.run();
        });
    queue.submit(answer);
    return answer;
  }

  private EffectCallQueue queue(Effect<?, ?> effect) {
    return queues.computeIfAbsent(effect.name(), _ -> new EffectCallQueue(effect, nanos));
  }

  /** Makes room for the calls of a preload that begins. */
  void beforePreload() {
    queues.values().forEach(EffectCallQueue::interruptOverdue);
  }

  /**
   * Drops the guessed calls that have not begun: at the end of the batch, and when the run asks for
   * an input that no preload has guessed, or whose call has failed.
   */
  void dropGuesses() {
    queues.values().forEach(EffectCallQueue::drop);
  }

  private void remember(Key key, EffectAnswer answer) {
    answers.put(key, answer);
    uncounted.put(key, answer);
  }

  /** Returns the answer for a preload, which makes each call once. */
  @SuppressWarnings("unchecked") // requireSame: the effect that computed it has the same types
  static <O> O value(Effect<?, O> effect, EffectAnswer answer) {
    return (O) answer.value();
  }

  /** Returns the answer for the run, which waits for it and retries an unavailable service. */
  <I, O> O require(Effect<I, O> effect, I input, String text, long checkpoint) {
    return retry.call(
        "effect " + effect.name(),
        effect.patience(),
        () -> {
          EffectAnswer known = known(effect, text);
          EffectAnswer answer = known == null ? begin(effect, input, text) : known;
          await(effect, answer);
          return value(effect, text, answer, checkpoint);
        });
  }

  private <I, O> EffectAnswer begin(Effect<I, O> effect, I input, String text) {
    EffectAnswer answer = new EffectAnswer(effect);
    remember(new Key(effect.name(), text), answer);
    answer.prepare(effect, input, () -> {});
    answer.begin();
    return answer;
  }

  /** Waits for a call that has begun: the time before that is not the service's. */
  private void await(Effect<?, ?> effect, EffectAnswer answer) {
    if (answer.isDone()) {
      return;
    }
    queue(effect).promote(answer);
    try {
      answer.await(effect.patience());
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw new MillraceException(
          Remedy.RESTART, "interrupted while an effect was running: effect=" + effect.name());
    }
  }

  /** Assigns the answer to the first block that asks: its commit stores the answer. */
  private <I, O> O value(Effect<I, O> effect, String input, EffectAnswer answer, long checkpoint) {
    O value = value(effect, answer);
    if (effect.isPersisted() && !answer.stored) {
      answer.stored = true;
      answer.checkpoint = checkpoint;
      asked.add(new EffectResult(effect.identity(), input, effect.outputText(value), checkpoint));
    }
    return value;
  }

  /** Names in the status the answer that everything waits for, until the result is closed. */
  PendingCallTracker.Call waitFor(EffectAnswer answer) {
    return retry.calls().begin("effect " + answer.effect());
  }

  /** Returns the answers that the ending batch was the first to ask for. */
  List<EffectResult> freeze() {
    dropGuesses();
    List<EffectResult> frozen = asked;
    asked = new ArrayList<>();
    return frozen;
  }

  /** Heap of the answers. */
  long bytes() {
    for (Iterator<Map.Entry<Key, EffectAnswer>> each = uncounted.entrySet().iterator();
        each.hasNext(); ) {
      Map.Entry<Key, EffectAnswer> next = each.next();
      if (next.getValue().isDone()) {
        bytes += bytes(next.getKey(), next.getValue());
        each.remove();
      }
    }
    return bytes;
  }

  private static long bytes(Key key, EffectAnswer answer) {
    return ColumnType.Scalar.TEXT.bytes(key.input) + answer.bytes();
  }

  private void forget(Key key, EffectAnswer answer) {
    if (!uncounted.remove(key, answer)) {
      bytes -= bytes(key, answer);
    }
  }

  /** Evicts answers that are durable or need not be, down to a limit. Between batches only. */
  void evict(long committed, long limit) {
    if (bytes() <= limit) {
      return;
    }
    Iterator<Map.Entry<Key, EffectAnswer>> oldest = answers.entrySet().iterator();
    while (bytes > limit && oldest.hasNext()) {
      Map.Entry<Key, EffectAnswer> next = oldest.next();
      if (next.getValue().isDone() && next.getValue().checkpoint <= committed) {
        forget(next.getKey(), next.getValue());
        oldest.remove();
      }
    }
  }

  /** Forgets the answers of the replaced branch, and ends pending calls. */
  void rewind() {
    dropGuesses();
    answers.values().forEach(EffectAnswer::abandon);
    answers.clear();
    uncounted.clear();
    asked.clear();
    bytes = 0;
  }
}
