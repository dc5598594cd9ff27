package dev.millrace.chain;

import dev.millrace.evm.SourceProvider;
import dev.millrace.evm.SourceRequest;
import dev.millrace.pipeline.Source;
import java.util.Set;

/** Chains behind JSON-RPC. */
public final class ChainProvider implements SourceProvider {
  @Override
  public Set<String> schemes() {
    return Set.of("http", "https", "ws", "wss");
  }

  @Override
  public Source source(SourceRequest request) {
    return ChainSource.of(request);
  }
}
