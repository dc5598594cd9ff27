package dev.millrace.http;

import dev.millrace.runner.Status;
import dev.millrace.runner.StatusServer;
import java.util.function.Supplier;

/** Offers {@link HttpDoor} to the runtime. */
public final class HttpDoorProvider implements StatusServer.Provider {
  @Override
  public StatusServer open(String host, int port, Supplier<Status> status) {
    return HttpDoor.open(host, port, status);
  }
}
