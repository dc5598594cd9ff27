package dev.millrace.evm;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.QueryBuilder;
import dev.millrace.loaders.TriggerableJob;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.Effect;
import dev.millrace.pipeline.SourceEvent;
import java.util.Optional;
import org.slf4j.Logger;

/** The Context of one event, with the fields of its log. Delegates reads and writes. */
final class LogHandlerContext implements EvmContext {
  private final Context context;
  private final SourceEvent event;
  private final LogPayload payload;
  private final LazyChainFields lazy;
  private final long chain;

  LogHandlerContext(
      Context context, SourceEvent event, LogPayload payload, LazyChainFields lazy, long chain) {
    this.context = context;
    this.event = event;
    this.payload = payload;
    this.lazy = lazy;
    this.chain = chain;
  }

  @Override
  public EventId eventId() {
    return event.id();
  }

  @Override
  public EvmBlock block() {
    return lazy.block(context, event.block());
  }

  @Override
  public EvmTransaction transaction() {
    return lazy.transaction(context, event.block(), payload.transaction());
  }

  @Override
  public Address contract() {
    return payload.contract();
  }

  @Override
  public long chain() {
    return chain;
  }

  @Override
  public <E> Optional<E> find(Class<E> type, Object... id) {
    return context.find(type, id);
  }

  @Override
  public <E> E require(Class<E> type, Object... id) {
    return context.require(type, id);
  }

  @Override
  public <E> QueryBuilder<E> query(Class<E> type) {
    return context.query(type);
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
