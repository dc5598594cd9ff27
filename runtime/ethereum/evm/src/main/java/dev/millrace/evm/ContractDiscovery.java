package dev.millrace.evm;

import dev.millrace.loaders.Address;
import java.util.function.Function;

/** An event that creates a contract, and the function that reads the contract's address from it. */
record ContractDiscovery<E>(String contract, Class<E> event, Function<? super E, Address> address) {
  /**
   * Returns the address of the contract that an event has created.
   *
   * @throws IllegalArgumentException if the function throws or returns null
   */
  Address find(Object decoded) {
    Address found;
    try {
      found = address.apply(event.cast(decoded));
    } catch (RuntimeException thrown) {
      throw new IllegalArgumentException("function of createdBy throws: error=" + thrown, thrown);
    }
    if (found == null) {
      throw new IllegalArgumentException("function of createdBy returns null");
    }
    return found;
  }
}
