package dev.millrace.evm;

import dev.millrace.abi.EventDecoder;
import dev.millrace.abi.EventSignature;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An event of a contract, the record that holds it, and its handler.
 *
 * @param handler null if the event only discovers contracts
 */
record EventDefinition<E>(Class<E> type, EventDecoder decoder, @Nullable EvmHandler<E> handler) {
  /** Reads the definition and adds its mistakes to a list; empty if there were any. */
  static <E> Optional<EventDefinition<E>> read(
      Class<E> type, @Nullable EvmHandler<E> handler, List<String> mistakes) {
    Event event = type.getAnnotation(Event.class);
    if (event == null) {
      mistakes.add(type.getSimpleName() + " is not annotated with @Event");
      if (!type.isRecord()) {
        mistakes.add(type.getSimpleName() + " is not a record");
      }
      return Optional.empty();
    }
    return EventDecoder.read(type, event.value(), mistakes)
        .map(decoder -> new EventDefinition<>(type, decoder, handler));
  }

  EventSignature signature() {
    return decoder.signature();
  }

  /** Identifies the event on a chain: a contract has at most one handler per key. */
  String key() {
    return signature().key();
  }

  String name() {
    return type.getSimpleName();
  }
}
