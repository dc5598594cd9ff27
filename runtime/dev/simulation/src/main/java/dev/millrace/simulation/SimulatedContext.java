package dev.millrace.simulation;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.QueryBuilder;
import dev.millrace.loaders.TriggerableJob;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.Effect;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;

/** A Context that hides rows that only the mirror has: reads find none of them. */
final class SimulatedContext implements Context {
  private final Context context;
  private final Map<Class<?>, EntityType<?>> unread;

  SimulatedContext(Context context, Map<Class<?>, EntityType<?>> unread) {
    this.context = context;
    this.unread = unread;
  }

  @Override
  public <E> Optional<E> find(Class<E> type, Object... id) {
    return unread.containsKey(type) ? Optional.empty() : context.find(type, id);
  }

  @Override
  public <E> E require(Class<E> type, Object... id) {
    return context.require(type, id);
  }

  @Override
  public <E> QueryBuilder<E> query(Class<E> type) {
    EntityType<?> hidden = unread.get(type);
    if (hidden == null) {
      return context.query(type);
    }
    @SuppressWarnings("unchecked")
    EntityType<E> same = (EntityType<E>) hidden;
    return new QueryBuilder<>(same, _ -> List.of());
  }

  @Override
  public <E> void save(E entity) {
    context.save(entity);
  }

  @Override
  public void delete(Class<?> type, Object... id) {
    context.delete(type, id);
  }

  @Override
  public <I> void trigger(TriggerableJob<I> job, I input) {
    context.trigger(job, input);
  }

  @Override
  public <I, O> O effect(Effect<I, O> effect, I input) {
    return context.effect(effect, input);
  }

  @Override
  public Logger logger() {
    return context.logger();
  }
}
