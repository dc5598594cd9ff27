package dev.millrace.testkit;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Query;
import dev.millrace.loaders.QueryBuilder;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.TriggerableJob;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.Effect;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.helpers.NOPLogger;

/** A Context over plain maps. The writes of an event take effect when it has succeeded. */
public final class OracleContext implements Context {
  /** One write; {@code row} is null for a delete. */
  record Write(EntityType<?> type, Object id, @Nullable Object row) {}

  /** One trigger, with the text of its input. */
  record TriggerCall(TriggerableJob<?> job, Object input, String text) {
    static <I> TriggerCall of(TriggerableJob<I> job, I input) {
      return new TriggerCall(job, input, job.inputText(input));
    }

    @Override
    public String toString() {
      return "%s(%s)".formatted(job.name(), text);
    }
  }

  private final SerialOracle oracle;
  private final List<Write> writes = new ArrayList<>();
  private final List<TriggerCall> triggers = new ArrayList<>();
  private @Nullable RuntimeException failure;

  OracleContext(SerialOracle oracle) {
    this.oracle = oracle;
  }

  List<Write> writes() {
    return writes;
  }

  List<TriggerCall> triggers() {
    return triggers;
  }

  /** Fails the event with the first error of a call, even if the handler caught it. */
  void rethrow() {
    RuntimeException first = failure;
    if (first != null) {
      throw first;
    }
  }

  private <E> Map<Object, E> rows(EntityType<E> type) {
    Map<Object, E> rows = new HashMap<>();
    oracle.table(type).forEach((id, row) -> rows.put(id, type.type().cast(row)));
    for (Write write : writes) {
      if (write.type() == type) {
        if (write.row() == null) {
          rows.remove(write.id());
        } else {
          rows.put(write.id(), type.type().cast(write.row()));
        }
      }
    }
    return rows;
  }

  @Override
  public <E> Optional<E> find(Class<E> type, Object... id) {
    return noted(() -> {
      EntityType<E> entity = oracle.type(type);
      return Optional.ofNullable(rows(entity).get(entity.id(id)));
    });
  }

  @Override
  public <E> E require(Class<E> type, Object... id) {
    return noted(() ->
        find(type, id)
            .orElseThrow(() ->
                new MillraceException(
                    Remedy.FIX_HANDLER,
                    "row is required and does not exist: entity=%s id=%s"
                        .formatted(type.getSimpleName(), List.of(id)))));
  }

  @Override
  public <E> QueryBuilder<E> query(Class<E> type) {
    return noted(() -> new QueryBuilder<>(oracle.type(type), this::answer));
  }

  private <E> List<E> answer(Query<E> query) {
    return noted(() -> PlainRowQueries.answer(query, rows(query.type()).values()));
  }

  @Override
  public <E> void save(E entity) {
    noted(() -> {
      @SuppressWarnings("unchecked")
      EntityType<E> type = (EntityType<E>) oracle.type(entity.getClass());
      E canonical = type.canonical(entity);
      return writes.add(new Write(type, type.id(canonical), canonical));
    });
  }

  @Override
  public void delete(Class<?> type, Object... id) {
    noted(() -> {
      EntityType<?> entity = oracle.type(type);
      return writes.add(new Write(entity, entity.id(id), null));
    });
  }

  @Override
  public <I> void trigger(TriggerableJob<I> job, I input) {
    noted(() -> {
      job.requireAmong(oracle.jobs());
      return triggers.add(TriggerCall.of(job, input));
    });
  }

  @Override
  public <I, O> O effect(Effect<I, O> effect, I input) {
    return noted(() -> {
      oracle.requireOneOfAName(effect);
      List<Object> key = List.of(effect.name(), input);
      Object known = oracle.answers().get(key);
      if (known == null) {
        known = ask(effect, input);
        oracle.answers().put(key, known);
        if (effect.isPersisted()) {
          oracle.keepAnswer(effect.identity());
        }
      }
      @SuppressWarnings("unchecked")
      O answer = (O) known;
      return answer;
    });
  }

  private static <I, O> Object ask(Effect<I, O> effect, I input) {
    try {
      return effect.answer(input);
    } catch (Exception failed) {
      throw new MillraceException(
          Remedy.FIX_HANDLER,
          "effect failed: effect=%s error=%s".formatted(effect.name(), failed),
          failed);
    }
  }

  @Override
  public Logger logger() {
    return NOPLogger.NOP_LOGGER;
  }

  private <T> T noted(Supplier<T> call) {
    try {
      return call.get();
    } catch (RuntimeException thrown) {
      failure = failure == null ? thrown : failure;
      throw thrown;
    }
  }
}
