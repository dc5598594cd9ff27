package dev.millrace.evm;

import dev.millrace.abi.EventSignature;
import dev.millrace.abi.UndecodableException;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.EventHandler;
import dev.millrace.pipeline.SourceEvent;
import java.util.List;

/** An event of one contract on one chain: creates events of the pipeline and handles them. */
final class LogHandler<E> implements EventHandler {
  /** Bytes of a log whose event is small: four topics and a word. */
  private static final int SMALL_LOG = 5 * Log.WORD;

  private final String name;
  private final EventDefinition<E> definition;
  private final ContractDiscovery<?>[] finders;
  private final LazyChainFields lazy;
  private final long chain;

  /**
   * @param finders the contracts that this event discovers
   */
  LogHandler(
      String contract,
      EventDefinition<E> definition,
      List<ContractDiscovery<?>> finders,
      LazyChainFields lazy,
      long chain) {
    this.name = contract + "." + definition.name();
    this.definition = definition;
    this.finders = finders.toArray(ContractDiscovery<?>[]::new);
    this.lazy = lazy;
    this.chain = chain;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public void handle(SourceEvent event, Context context) throws Exception {
    EvmHandler<E> handler = definition.handler();
    if (handler == null) {
      return;
    }
    LogPayload payload = (LogPayload) event.payload();
    E decoded = definition.type().cast(payload.event());
    handler.handle(decoded, new LogHandlerContext(context, event, payload, lazy, chain));
  }

  EventSignature signature() {
    return definition.signature();
  }

  /** True if the definition has a handler for the event. */
  boolean isHandled() {
    return definition.handler() != null;
  }

  /** Not to be modified. */
  ContractDiscovery<?>[] finders() {
    return finders;
  }

  /**
   * Decodes a log of this event.
   *
   * @throws MillraceException if the log does not match the signature
   */
  Object decode(Log log) {
    try {
      return definition.decoder().decode(log.words(), log.length());
    } catch (UndecodableException wrong) {
      throw undecodable(log, wrong);
    }
  }

  MillraceException undecodable(Log log, RuntimeException wrong) {
    return new MillraceException(
        Remedy.FIX_HANDLER,
        "log does not decode: chain=%d %s event=%s reason=\"%s\""
            .formatted(chain, log, name, wrong.getMessage()),
        wrong);
  }

  SourceEvent event(Log log, Object decoded) {
    return new SourceEvent(
        log.block(),
        log.logIndex(),
        this,
        new LogPayload(decoded, log.contract(), log.transaction()),
        bytes(log));
  }

  /**
   * Estimates the heap of an event. Text and bytes take about what the log takes, numbers of arrays
   * three times as much.
   */
  private static int bytes(Log log) {
    long bytes = SourceEvent.SMALL_BYTES + 3L * Math.max(0, log.length() - SMALL_LOG);
    return (int) Math.min(Integer.MAX_VALUE, bytes);
  }

  @Override
  public String toString() {
    return name;
  }
}
