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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.helpers.NOPLogger;

/**
 * The Context of a preload: a read that memory cannot answer parks its task until the reads of many
 * tasks have been answered together. Writes are visible to this task alone and dropped with it.
 */
final class PreloadContext implements Context {
  private final HandlerState memory;
  private final Preload.PreloadTask task;
  private final Map<EntityType<?>, Map<Object, Optional<?>>> written = new HashMap<>(4);
  private boolean ended;

  PreloadContext(HandlerState memory, Preload.PreloadTask task) {
    this.memory = memory;
    this.task = task;
  }

  void end() {
    ended = true;
  }

  @Override
  public <E> Optional<E> find(Class<E> type, Object... id) {
    return inside(() -> {
      EntityType<E> entity = memory.store().type(type);
      return find(entity, entity.id(id));
    });
  }

  private <E> Optional<E> find(EntityType<E> type, Object id) {
    Optional<?> own = written.getOrDefault(type, Map.of()).get(id);
    if (own != null) {
      return own.map(type.type()::cast);
    }
    StagedState<E> staged = memory.store().find(type, id);
    if (staged instanceof StagedState.Unknown<E>) {
      task.awaitRound(round -> round.request(type, id));
      staged = memory.store().find(type, id);
    }
    return staged instanceof StagedState.Present<E>(E entity)
        ? Optional.of(entity)
        : Optional.empty();
  }

  @Override
  public <E> E require(Class<E> type, Object... id) {
    return find(type, id).orElseThrow(() -> HandlerContext.missing(type, id));
  }

  @Override
  public <E> QueryBuilder<E> query(Class<E> type) {
    return inside(() -> new QueryBuilder<>(memory.store().type(type), this::answer));
  }

  private <E> List<E> answer(Query<E> query) {
    return inside(() -> {
      Optional<List<E>> known = memory.loader().findInMemory(query);
      if (known.isEmpty()) {
        task.awaitRound(round -> round.request(query));
        known = memory.loader().findInMemory(query);
      }
      return withOwn(query, known.orElseGet(List::of));
    });
  }

  private <E> List<E> withOwn(Query<E> query, List<E> rows) {
    Map<Object, Optional<?>> own = written.getOrDefault(query.type(), Map.of());
    if (own.isEmpty()) {
      return rows;
    }
    List<E> merged = new ArrayList<>();
    for (E row : rows) {
      if (!own.containsKey(query.type().id(row))) {
        merged.add(row);
      }
    }
    for (Optional<?> row : own.values()) {
      row.filter(query.filter()::matches).map(query.type().type()::cast).ifPresent(merged::add);
    }
    merged.sort(query.comparator());
    return List.copyOf(merged.subList(0, Math.min(merged.size(), query.limit())));
  }

  @Override
  public <E> void save(E entity) {
    inside(() -> {
      @SuppressWarnings("unchecked")
      EntityType<E> type = (EntityType<E>) memory.store().type(entity.getClass());
      E canonical = type.canonical(entity);
      return own(type).put(type.id(canonical), Optional.of(canonical));
    });
  }

  @Override
  public void delete(Class<?> type, Object... id) {
    inside(() -> {
      EntityType<?> entity = memory.store().type(type);
      return own(entity).put(entity.id(id), Optional.empty());
    });
  }

  private Map<Object, Optional<?>> own(EntityType<?> type) {
    return written.computeIfAbsent(type, _ -> new HashMap<>(4));
  }

  @Override
  public <I> void trigger(TriggerableJob<I> job, I input) {
    inside(() -> true); // only the run counts
  }

  @Override
  public <I, O> O effect(Effect<I, O> effect, I input) {
    return inside(() -> {
      String text = effect.inputText(input);
      EffectAnswerCache effects = memory.effects();
      EffectAnswer answer = effects.known(effect, text);
      if (answer == null && effect.isPersisted()) {
        task.awaitRound(round -> round.request(effect, text));
        answer = effects.known(effect, text);
      }
      if (answer == null) {
        answer = effects.guess(effect, input, text, task.preload()::effectEnded);
      }
      if (!answer.isDone()) {
        task.awaitAnswer(answer);
      }
      return EffectAnswerCache.value(effect, answer);
    });
  }

  @Override
  public Logger logger() {
    return NOPLogger.NOP_LOGGER;
  }

  private <T> T inside(Supplier<T> call) {
    if (ended || !task.isCurrent()) {
      throw new MillraceException(
          Remedy.FIX_HANDLER,
          "context was used from another thread or after its handler had returned");
    }
    task.enter();
    try {
      return call.get();
    } finally {
      task.leave();
    }
  }
}
