package dev.millrace.lane;

import dev.millrace.loaders.ColumnType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Effect;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.FileSystemException;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The answer of an effect, computed or being computed. Completed once, by the computing thread. */
final class EffectAnswer {
  /**
   * Exceptions that extend IOException without being a service's fault. By name: the core depends
   * neither on java.net nor on Jackson.
   */
  private static final Set<String> MISTAKES =
      Set.of(
          "java.net.MalformedURLException",
          "com.fasterxml.jackson.databind.exc.InvalidDefinitionException",
          "com.fasterxml.jackson.databind.exc.InvalidFormatException",
          "com.fasterxml.jackson.databind.exc.PropertyBindingException",
          "com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException",
          "com.fasterxml.jackson.databind.exc.ValueInstantiationException");

  /** Heap of this object, its latch, its key, and their place in the cache. */
  private static final long FIXED_BYTES = 240;

  /** Limit on the causes to follow: real wrapping is a few levels deep. */
  private static final int MAX_CAUSES = 16;

  private final Effect<?, ?> effect;
  private final CountDownLatch done = new CountDownLatch(1);
  private volatile @Nullable Thread thread;
  private volatile @Nullable Object value;
  private volatile @Nullable Throwable error;
  private volatile long valueBytes;

  /** The checkpoint of the block that asked first; 0 before that and for a stored answer. */
  long checkpoint; // confined to the execute thread

  /** True if the answer is stored, or will be by the commit of the batch that asked. */
  boolean stored; // confined to the execute thread

  EffectAnswer(Effect<?, ?> effect) {
    this.effect = effect;
  }

  /** Restores an answer from the database. */
  static EffectAnswer readBack(Effect<?, ?> effect, String text) {
    EffectAnswer answer = new EffectAnswer(effect);
    answer.stored = true;
    try {
      answer.succeed(effect.output(text), text);
    } catch (IllegalArgumentException wrong) {
      answer.fail(
          new MillraceException(
              Remedy.FIX_HANDLER,
              "stored answer does not fit: effect=" + effect.identity(),
              wrong));
    }
    return answer;
  }

  /** Prepares the call on a thread of its own, which runs {@code then} at the end. */
  <I, O> void prepare(Effect<I, O> asked, I input, Runnable then) {
    thread =
        Thread.ofVirtual()
            .name("millrace-effect-" + effect.name())
            .unstarted(() -> compute(asked, input, then));
  }

  /** Starts the call that was prepared. Once, and never after {@link #drop}. */
  void begin() {
    Objects.requireNonNull(thread).start();
  }

  /** Ends a call that has not begun: it counts as failed, so the next request makes it anew. */
  void drop() {
    thread = null;
    fail(new PreloadAborted());
  }

  private <I, O> void compute(Effect<I, O> asked, I input, Runnable then) {
    try {
      @Nullable O computed = asked.answer(input);
      if (computed == null) {
        throw new MillraceException(
            Remedy.FIX_HANDLER, "effect returned null: effect=" + asked.name());
      }
      // Converted to text and back, so that a stored answer equals a fresh one.
      String text = asked.outputText(computed);
      succeed(asked.output(text), text);
    } catch (Throwable failed) {
      fail(failed);
    } finally {
      thread = null;
      then.run();
    }
  }

  private void succeed(Object known, String text) {
    value = known;
    valueBytes = ColumnType.Scalar.TEXT.bytes(text);
    done.countDown();
  }

  private void fail(Throwable failed) {
    error = failed;
    done.countDown();
  }

  /** Interrupts a call that nothing waits for any more. */
  void abandon() {
    Thread computing = thread;
    if (computing != null) {
      computing.interrupt();
    }
  }

  String effect() {
    return effect.name();
  }

  Duration patience() {
    return effect.patience();
  }

  boolean isDone() {
    return done.getCount() == 0;
  }

  boolean hasFailed() {
    return error != null;
  }

  /** Heap of the answer once it is done, without its input. */
  long bytes() {
    return FIXED_BYTES + valueBytes;
  }

  void await(Duration patience) throws InterruptedException {
    if (!done.await(patience.toNanos(), TimeUnit.NANOSECONDS)) {
      abandon();
      throw new MillraceException(
          Remedy.RESTART,
          "effect gave no answer: effect=%s seconds=%d"
              .formatted(effect.name(), patience.toSeconds()));
    }
  }

  /** Returns the value, or throws the error of the call. */
  Object value() {
    Throwable failed = error;
    if (failed != null) {
      throw new MillraceException(
          remedy(failed),
          "effect failed: effect=%s error=%s".formatted(effect.name(), failed),
          failed);
    }
    Object known = value;
    if (known == null) {
      throw new IllegalStateException("effect has not answered: effect=" + effect.name());
    }
    return known;
  }

  /** Retries an unavailable service; leaves other errors to the author of the effect. */
  private static Remedy remedy(Throwable failed) {
    if (failed instanceof OutOfMemoryError || failed instanceof InterruptedException) {
      return Remedy.RESTART;
    }
    Throwable cause = failed;
    for (int i = 0; i < MAX_CAUSES && cause != null; i++) {
      if (cause instanceof MillraceException known) {
        return known.remedy();
      }
      if (isMistake(cause)) {
        return Remedy.FIX_HANDLER;
      }
      if (cause instanceof IOException || cause instanceof TimeoutException) {
        return Remedy.RETRY;
      }
      cause = cause.getCause();
    }
    return Remedy.FIX_HANDLER;
  }

  /** True for an IOException that a retry does not help. */
  private static boolean isMistake(Throwable cause) {
    return cause instanceof FileSystemException
        || cause instanceof FileNotFoundException
        || MISTAKES.contains(cause.getClass().getName())
        || cause instanceof CharacterCodingException;
  }
}
