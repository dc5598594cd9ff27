package dev.millrace.runner;

import dev.millrace.jobs.JobStatus;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.function.Supplier;

/** A running HTTP server that answers with the {@link IndexerStatus} of a process. */
public interface StatusServer extends AutoCloseable {
  int port();

  @Override
  void close();

  /** Opens servers; the module that has one names its provider in {@code META-INF/services}. */
  interface Provider {
    StatusServer open(String host, int port, StatusReports reports);
  }

  /**
   * The reports that a server answers with. Any thread may ask for them.
   *
   * @param process the status of this process; asks no database
   * @param queues the status of all queues of the database; empty without jobs
   */
  record StatusReports(Supplier<IndexerStatus> process, Supplier<Optional<JobStatus>> queues) {}

  /**
   * Opens the server of the provider on the class path.
   *
   * @throws MillraceException if there is none
   */
  static StatusServer open(String host, int port, Supplier<IndexerStatus> status) {
    return open(host, port, new StatusReports(status, Optional::empty));
  }

  /** Opens a server, as {@link #open(String, int, Supplier)} does. */
  static StatusServer open(String host, int port, StatusReports reports) {
    for (Provider provider : ServiceLoader.load(Provider.class)) {
      return provider.open(host, port, reports);
    }
    throw new MillraceException(
        Remedy.FIX_SETUP,
        "no HTTP server is on the class path, add millrace-http or remove the key: http.port=%d"
            .formatted(port));
  }
}
