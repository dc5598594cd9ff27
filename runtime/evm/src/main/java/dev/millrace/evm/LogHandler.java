package dev.millrace.evm;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.Event;
import dev.millrace.pipeline.EventHandler;

/** One event of one contract on one chain: makes events of the pipeline and handles them. */
final class LogHandler<E> implements EventHandler {
  private final String name;
  private final EventDefinition<E> definition;
  private final LazyFields lazy;
  private final long chain;

  LogHandler(String contract, EventDefinition<E> definition, LazyFields lazy, long chain) {
    this.name = contract + "." + definition.type().getSimpleName();
    this.definition = definition;
    this.lazy = lazy;
    this.chain = chain;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public void handle(Event event, Context context) throws Exception {
    LogPayload payload = (LogPayload) event.payload();
    E decoded = definition.type().cast(payload.event());
    definition.handler().handle(decoded, new LogContext(context, event, payload, lazy, chain));
  }

  /**
   * Decodes a log of this event.
   *
   * @throws MillraceException if the log says something else than the signature
   */
  Event event(Log log) {
    Object decoded;
    try {
      decoded = definition.decoder().decode(log);
    } catch (RuntimeException wrong) {
      throw new MillraceException(
          Remedy.FIX_HANDLER,
          "log does not decode: chain=%d %s event=%s reason=\"%s\""
              .formatted(chain, log, name, wrong.getMessage()),
          wrong);
    }
    return new Event(
        log.block(),
        log.logIndex(),
        this,
        new LogPayload(decoded, log.contract(), log.transaction()));
  }

  @Override
  public String toString() {
    return name;
  }
}
