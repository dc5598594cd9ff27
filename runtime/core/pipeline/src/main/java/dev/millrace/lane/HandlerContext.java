package dev.millrace.lane;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Query;
import dev.millrace.loaders.QueryBuilder;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.TriggerableJob;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.Effect;
import dev.millrace.staging.StagedState;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * The Context of the run. Reads hit memory or load one by one; writes are staged at once.
 *
 * <p>An error thrown by one of its methods fails the event even if the handler catches it: the
 * handler's next steps rest on a read or write that did not happen.
 */
final class HandlerContext implements Context {
  private final HandlerState memory;
  private final Runnable beforeMiss;
  private final Logger logger;
  private final Thread owner = Thread.currentThread();
  private volatile boolean ended;
  private volatile @Nullable Throwable failure;

  /** {@code beforeMiss} runs when memory cannot answer, before the load. */
  HandlerContext(HandlerState memory, Runnable beforeMiss, Logger logger) {
    this.memory = memory;
    this.beforeMiss = beforeMiss;
    this.logger = logger;
  }

  /** Ends the Context. Returns the first error that one of its methods threw, if any. */
  @Nullable Throwable end() {
    ended = true;
    return failure;
  }

  @Override
  public <E> Optional<E> find(Class<E> type, Object... id) {
    check();
    try {
      EntityType<E> entity = memory.store().type(type);
      return find(entity, entity.id(id));
    } catch (RuntimeException | Error thrown) {
      throw failed(thrown);
    }
  }

  private <E> Optional<E> find(EntityType<E> type, Object id) {
    StagedState<E> staged = memory.store().find(type, id);
    if (staged instanceof StagedState.Present<E>(E entity)) {
      return Optional.of(entity);
    }
    if (staged instanceof StagedState.Absent<E>) {
      return Optional.empty();
    }
    beforeMiss.run();
    return memory.loader().find(type, id);
  }

  @Override
  public <E> E require(Class<E> type, Object... id) {
    return find(type, id).orElseThrow(() -> failed(missing(type, id)));
  }

  static MillraceException missing(Class<?> type, Object... id) {
    return new MillraceException(
        Remedy.FIX_HANDLER,
        "row is required and does not exist: entity=%s id=%s"
            .formatted(type.getSimpleName(), List.of(id)));
  }

  @Override
  public <E> QueryBuilder<E> query(Class<E> type) {
    check();
    return guarded(() -> new QueryBuilder<>(memory.store().type(type), this::answer, this::failed));
  }

  private <E> List<E> answer(Query<E> query) {
    check();
    return guarded(() -> {
      Optional<List<E>> known = memory.loader().findInMemory(query);
      if (known.isPresent()) {
        return known.get();
      }
      beforeMiss.run();
      return memory.loader().query(query);
    });
  }

  @Override
  public <E> void save(E entity) {
    check();
    try {
      memory.store().save(entity);
    } catch (RuntimeException | Error thrown) {
      throw failed(thrown);
    }
  }

  @Override
  public void delete(Class<?> type, Object... id) {
    check();
    guarded(() -> {
      EntityType<?> entity = memory.store().type(type);
      memory.store().delete(entity, entity.id(id));
      return true;
    });
  }

  @Override
  public <I> void trigger(TriggerableJob<I> job, I input) {
    check();
    guarded(() -> {
      memory.store().trigger(job, input);
      return true;
    });
  }

  @Override
  public <I, O> O effect(Effect<I, O> effect, I input) {
    check();
    return guarded(() -> ask(effect, input));
  }

  private <I, O> O ask(Effect<I, O> effect, I input) {
    String text = effect.inputText(input);
    EffectAnswerCache effects = memory.effects();
    EffectAnswer answer = effects.known(effect, text);
    if (answer == null) {
      effects.dropGuesses();
      beforeMiss.run();
      answer = effects.known(effect, text);
    }
    if (answer == null && effect.isPersisted()) {
      effects.load(effect, List.of(text));
    }
    return effects.require(effect, input, text, memory.store().checkpoint());
  }

  @Override
  public Logger logger() {
    check();
    return logger;
  }

  private void check() {
    if (ended) {
      throw new MillraceException(
          Remedy.FIX_HANDLER, "context was used after its handler had returned");
    }
    if (!Thread.currentThread().equals(owner)) {
      throw failed(
          new MillraceException(
              Remedy.FIX_HANDLER,
              "context was used from another thread: handler=%s caller=%s"
                  .formatted(owner.getName(), Thread.currentThread().getName())));
    }
  }

  private <T> T guarded(Supplier<T> call) {
    try {
      return call.get();
    } catch (RuntimeException | Error thrown) {
      throw failed(thrown);
    }
  }

  private RuntimeException failed(Throwable thrown) {
    if (failure == null) {
      failure = thrown;
    }
    if (thrown instanceof Error error) {
      throw error;
    }
    return (RuntimeException) thrown;
  }
}
