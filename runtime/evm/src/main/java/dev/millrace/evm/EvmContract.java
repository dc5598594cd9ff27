package dev.millrace.evm;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A contract while its definition is being written down. */
public final class EvmContract {
  private final String name;
  private final List<String> mistakes;
  private final List<EventDefinition<?>> events = new ArrayList<>();
  private final Map<String, Class<?>> known = new HashMap<>();
  private int declared;
  private boolean anywhere;

  EvmContract(String name, List<String> mistakes) {
    this.name = name;
    this.mistakes = mistakes;
  }

  /** Handles an event of this contract. */
  public <E> EvmContract on(Class<E> event, EvmHandler<E> handler) {
    declared++;
    EventDefinition.read(event, handler, mistakes).ifPresent(this::add);
    return this;
  }

  /** Listens to every address of the chain; the configuration then names none. */
  public EvmContract anywhere() {
    anywhere = true;
    return this;
  }

  private void add(EventDefinition<?> event) {
    Class<?> first = known.putIfAbsent(event.key(), event.type());
    if (first != null) {
      mistakes.add(
          "contract %s has two handlers for one event: event=%s records=%s, %s"
              .formatted(
                  name,
                  event.signature().canonical(),
                  first.getSimpleName(),
                  event.type().getSimpleName()));
      return;
    }
    events.add(event);
  }

  ContractDefinition definition() {
    if (declared == 0) {
      mistakes.add("contract %s has no handler".formatted(name));
    }
    return new ContractDefinition(name, anywhere, events);
  }
}
