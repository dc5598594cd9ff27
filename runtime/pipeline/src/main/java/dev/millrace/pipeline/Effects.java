package dev.millrace.pipeline;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * The memo of effects. Confined to the execute thread and to whoever runs in its place; only an
 * {@link Answer} is completed by the thread that computes it.
 */
final class Effects {
  private static final int MOST_ANSWERS = 100_000;

  private record Key(String effect, String input) {}

  /** An answer that is being computed, or was. */
  static final class Answer {
    private final CountDownLatch done = new CountDownLatch(1);
    private volatile @Nullable Object value;
    private volatile @Nullable Throwable error;

    /**
     * The checkpoint of the block whose run asked first; 0 while none has, or when it is stored
     * already.
     */
    private long checkpoint;

    private boolean stored;

    boolean isDone() {
      return done.getCount() == 0;
    }

    void await() throws InterruptedException {
      done.await();
    }

    boolean hasFailed() {
      return error != null;
    }
  }

  private final LaneStore store;
  private final Retry retry;
  private final Map<Key, Answer> answers = new LinkedHashMap<>();
  private List<EffectResult> asked = new ArrayList<>();
  private long uses;

  Effects(LaneStore store, Retry retry) {
    this.store = store;
    this.retry = retry;
  }

  /** How often handlers have asked anything so far. */
  long uses() {
    return uses;
  }

  /** What memory holds, done or under way. */
  @Nullable Answer known(Effect<?, ?> effect, String input) {
    uses++;
    Answer known = answers.get(new Key(effect.name(), input));
    if (known != null && known.isDone() && known.hasFailed()) {
      answers.remove(new Key(effect.name(), input)); // whoever asks next may be luckier
      return null;
    }
    return known;
  }

  /** Asks the database for answers of an effect that memory does not hold. */
  void load(Effect<?, ?> effect, List<String> inputs) {
    Map<String, String> found =
        retry.call("read of effect " + effect.name(), () -> store.effects(effect.name(), inputs));
    found.forEach((input, output) -> {
      Answer answer = new Answer();
      answer.value = effect.output(output);
      answer.stored = true;
      answer.done.countDown();
      answers.putIfAbsent(new Key(effect.name(), input), answer);
    });
  }

  /** Begins to compute on a thread of its own; {@code then} runs on it at the end. */
  <I, O> Answer begin(Effect<I, O> effect, I input, Runnable then) {
    Answer answer = new Answer();
    answers.put(new Key(effect.name(), effect.inputText(input)), answer);
    Thread.ofVirtual()
        .name("millrace-effect-" + effect.name())
        .start(() -> {
          try {
            @Nullable O value = effect.answer(input);
            // Through text and back, so that an answer is the same whether it was stored in between
            // or not.
            answer.value = value == null ? null : effect.output(effect.outputText(value));
          } catch (Throwable failed) {
            answer.error = failed;
          } finally {
            answer.done.countDown();
            then.run();
          }
        });
    return answer;
  }

  /** The answer for a rehearsal. */
  static <O> O value(Effect<?, O> effect, Answer answer) {
    Throwable error = answer.error;
    if (error != null) {
      throw new MillraceException(
          error instanceof MillraceException known ? known.remedy() : Remedy.FIX_HANDLER,
          "effect failed: effect=%s error=%s".formatted(effect.name(), error),
          error);
    }
    @SuppressWarnings("unchecked")
    O value = (O) answer.value;
    if (value == null) {
      throw new MillraceException(
          Remedy.FIX_HANDLER, "effect returned null: effect=" + effect.name());
    }
    return value;
  }

  /** The answer for the run: the first block that asks is the one whose commit stores it. */
  <I, O> O value(Effect<I, O> effect, String input, Answer answer, long checkpoint) {
    O value = value(effect, answer);
    if (effect.isPersisted() && !answer.stored) {
      answer.stored = true;
      answer.checkpoint = checkpoint;
      asked.add(new EffectResult(effect.name(), input, effect.outputText(value), checkpoint));
    }
    return value;
  }

  /** What the batch that ends here asked first. */
  List<EffectResult> freeze() {
    List<EffectResult> frozen = asked;
    asked = new ArrayList<>();
    return frozen;
  }

  /** Between batches: forgets the oldest answers that are durable or need not be. */
  void evict(long committed) {
    Iterator<Answer> oldest = answers.values().iterator();
    while (answers.size() > MOST_ANSWERS && oldest.hasNext()) {
      Answer answer = oldest.next();
      if (answer.isDone() && answer.checkpoint <= committed) {
        oldest.remove();
      }
    }
  }

  /** A rewind forgets what the replaced branch was told. */
  void rewind() {
    answers.clear();
    asked.clear();
  }
}
