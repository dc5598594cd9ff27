package dev.millrace.source;

import dev.millrace.evm.SourceProvider;
import dev.millrace.evm.SourceRequest;
import dev.millrace.pipeline.Source;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;

/** Provides chains over JSON-RPC. */
public final class RpcChainProvider implements SourceProvider {
  @Override
  public Set<String> schemes() {
    return Set.of("http", "https", "ws", "wss");
  }

  /**
   * Deletes the cached data of a chain, so that it is read anew.
   *
   * @param directory the directory of its {@link dev.millrace.evm.SourceOptions}
   */
  public static void forget(Path directory, long chain) throws IOException {
    RawCache.delete(directory, chain);
    LogAuditStatistics.delete(directory, chain);
  }

  @Override
  public Source source(SourceRequest request) {
    return ChainSource.of(request);
  }
}
