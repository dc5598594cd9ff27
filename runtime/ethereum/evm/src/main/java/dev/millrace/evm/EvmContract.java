package dev.millrace.evm;

import dev.millrace.loaders.Address;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A contract under construction. */
public final class EvmContract {
  private final String name;
  private final List<String> mistakes;
  private final List<EventDefinition<?>> events = new ArrayList<>();
  private final List<ContractDiscovery<?>> finders = new ArrayList<>();
  private final Map<String, Class<?>> known = new HashMap<>();
  private int declared;
  private boolean anywhere;

  EvmContract(String name, List<String> mistakes) {
    this.name = name;
    this.mistakes = mistakes;
  }

  /** Handles an event of this contract. */
  public <E> EvmContract on(Class<E> event, EvmHandler<E> handler) {
    return declare(event, handler);
  }

  /** Declares an event that discovers other contracts and has no handler. */
  public EvmContract on(Class<?> event) {
    return declare(event, null);
  }

  /**
   * Declares that contracts like this one are discovered by an event: each is followed from the log
   * after the one that created it. The event belongs to the contract that declares it with {@code
   * on}; its handler, if any, plays no part in the discovery.
   *
   * @param address returns the address of the new contract from the event, and does nothing else
   */
  public <E> EvmContract createdBy(Class<E> event, Function<? super E, Address> address) {
    finders.add(new ContractDiscovery<>(name, event, address));
    return this;
  }

  /** Listens to every address of the chain; the configuration then sets none. */
  public EvmContract anywhere() {
    anywhere = true;
    return this;
  }

  private <E> EvmContract declare(Class<E> event, @Nullable EvmHandler<E> handler) {
    declared++;
    EventDefinition.read(event, handler, mistakes).ifPresent(this::add);
    return this;
  }

  private void add(EventDefinition<?> event) {
    Class<?> first = known.putIfAbsent(event.key(), event.type());
    if (first != null) {
      mistakes.add(
          "contract %s has two handlers for one event: event=%s records=%s, %s"
              .formatted(
                  name,
                  event.signature().anonymous() ? event.key() : event.signature().canonical(),
                  first.getSimpleName(),
                  event.name()));
      return;
    }
    events.add(event);
  }

  ContractDefinition definition() {
    if (declared == 0) {
      mistakes.add("contract %s has no handler".formatted(name));
    }
    if (anywhere && !finders.isEmpty()) {
      mistakes.add("contract %s listens anywhere, so none of it can be found".formatted(name));
    }
    for (EventDefinition<?> event : events) {
      if (anywhere && event.signature().anonymous()) {
        mistakes.add(
            ("contract %s listens anywhere to an anonymous event, which is any log of any"
                    + " contract: event=%s")
                .formatted(name, event.name()));
      }
    }
    return new ContractDefinition(name, anywhere, finders, events);
  }
}
