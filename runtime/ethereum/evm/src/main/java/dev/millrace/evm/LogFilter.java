package dev.millrace.evm;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import java.util.List;

/**
 * Selects the logs to request from a chain.
 *
 * @param addresses the emitting contracts; empty: any
 * @param topics the values of the first topic; empty: any, and no topic at all
 */
public record LogFilter(List<Address> addresses, List<Bytes32> topics) {
  public LogFilter {
    addresses = List.copyOf(addresses);
    topics = List.copyOf(topics);
  }
}
