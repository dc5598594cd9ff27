package dev.millrace.http;

import dev.millrace.runner.IndexerStatus;
import dev.millrace.runner.StatusServer;
import java.util.function.Supplier;

/** Offers {@link AdminHttpServer} to the runtime. */
public final class AdminHttpServerProvider implements StatusServer.Provider {
  @Override
  public StatusServer open(String host, int port, Supplier<IndexerStatus> status) {
    return AdminHttpServer.open(host, port, status);
  }
}
