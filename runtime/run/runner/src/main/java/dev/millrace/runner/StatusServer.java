package dev.millrace.runner;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.util.ServiceLoader;
import java.util.function.Supplier;

/** A running HTTP server that answers with the {@link IndexerStatus} of a process. */
public interface StatusServer extends AutoCloseable {
  int port();

  @Override
  void close();

  /** Opens servers; the module that has one names its provider in {@code META-INF/services}. */
  interface Provider {
    StatusServer open(String host, int port, Supplier<IndexerStatus> status);
  }

  /**
   * Opens the server of the provider on the class path.
   *
   * @throws MillraceException if there is none
   */
  static StatusServer open(String host, int port, Supplier<IndexerStatus> status) {
    for (Provider provider : ServiceLoader.load(Provider.class)) {
      return provider.open(host, port, status);
    }
    throw new MillraceException(
        Remedy.FIX_SETUP,
        "no HTTP server is on the class path, add millrace-http or remove the key: http.port=%d"
            .formatted(port));
  }
}
