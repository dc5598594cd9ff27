package dev.millrace.evm;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import java.util.List;

/**
 * Which logs a chain is asked for.
 *
 * @param addresses who may have emitted them; empty: anyone
 * @param topics what their first topic may be; empty: anything, and none at all
 */
public record LogFilter(List<Address> addresses, List<Bytes32> topics) {
  public LogFilter {
    addresses = List.copyOf(addresses);
    topics = List.copyOf(topics);
  }
}
