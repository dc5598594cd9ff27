package dev.millrace.evm;

import dev.millrace.loaders.Address;
import java.util.function.Function;

/** An event that creates a contract, and which of the things that it says is the address. */
record Finder<E>(String contract, Class<E> event, Function<? super E, Address> address) {
  /**
   * The address of the contract that an event has created.
   *
   * @throws IllegalArgumentException if the event does not say it
   */
  Address find(Object decoded) {
    Address found;
    try {
      found = address.apply(event.cast(decoded));
    } catch (RuntimeException thrown) {
      throw new IllegalArgumentException("function of foundBy throws: error=" + thrown, thrown);
    }
    if (found == null) {
      throw new IllegalArgumentException("function of foundBy returns null");
    }
    return found;
  }
}
