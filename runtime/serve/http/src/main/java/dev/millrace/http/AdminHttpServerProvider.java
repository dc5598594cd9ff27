package dev.millrace.http;

import dev.millrace.runner.StatusServer;

/** Offers {@link AdminHttpServer} to the runtime. */
public final class AdminHttpServerProvider implements StatusServer.Provider {
  @Override
  public StatusServer open(String host, int port, StatusServer.StatusReports reports) {
    return AdminHttpServer.open(host, port, reports);
  }
}
