package dev.millrace.evm;

import dev.millrace.loaders.Address;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The request to a source of a chain.
 *
 * @param endpoints the endpoints it may use; all with one scheme
 * @param from the first block
 * @param contracts the addresses of each contract, by its name in the definition
 */
public record SourceRequest(
    EvmIndexer indexer,
    long chain,
    List<String> endpoints,
    long from,
    StopAt until,
    Finality finality,
    Map<String, List<Address>> contracts,
    SourceOptions reading) {
  public SourceRequest {
    endpoints = List.copyOf(endpoints);
    contracts = Collections.unmodifiableMap(new LinkedHashMap<>(contracts)); // asked in this order
  }

  /** Creates a request with the default {@link SourceOptions}. */
  public SourceRequest(
      EvmIndexer indexer,
      long chain,
      List<String> endpoints,
      long from,
      StopAt until,
      Finality finality,
      Map<String, List<Address>> contracts) {
    this(indexer, chain, endpoints, from, until, finality, contracts, SourceOptions.DEFAULTS);
  }

  public SourceRequest withReading(SourceOptions other) {
    return new SourceRequest(indexer, chain, endpoints, from, until, finality, contracts, other);
  }
}
