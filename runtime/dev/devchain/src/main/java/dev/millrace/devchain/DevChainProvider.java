package dev.millrace.devchain;

import dev.millrace.evm.SourceProvider;
import dev.millrace.evm.SourceRequest;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Source;
import java.util.Set;

/** Makes {@code dev://chain?seed=1&blocks=80000} an endpoint like any other. */
public final class DevChainProvider implements SourceProvider {
  @Override
  public Set<String> schemes() {
    return Set.of("dev");
  }

  @Override
  public Source source(SourceRequest request) {
    if (request.endpoints().size() != 1) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "dev chain has one endpoint: chain=%d endpoints=%d"
              .formatted(request.chain(), request.endpoints().size()));
    }
    return new DevChain(DevChainSettings.of(request.endpoints().getFirst())).source(request);
  }
}
