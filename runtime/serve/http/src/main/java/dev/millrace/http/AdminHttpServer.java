package dev.millrace.http;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.runner.IndexerStatus;
import dev.millrace.runner.StatusServer;
import io.javalin.Javalin;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;
import java.util.Optional;
import java.util.function.Supplier;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * The HTTP server of a running process: health, readiness, status and metrics.
 *
 * <p>All responses come from one {@link IndexerStatus}; none is ahead of what is durable.
 */
public final class AdminHttpServer implements StatusServer {
  /** Jetty takes one to accept and one for each two cores or so to select; they come on demand. */
  private static final int MAX_THREADS = 200;

  private static final int MIN_THREADS = 2;

  private final Javalin server;
  private final PrometheusMetrics metrics;

  private AdminHttpServer(Javalin server, PrometheusMetrics metrics) {
    this.server = server;
    this.metrics = metrics;
  }

  public static AdminHttpServer open(String host, int port, Supplier<IndexerStatus> status) {
    return open(host, port, new StatusServer.StatusReports(status, Optional::empty));
  }

  static AdminHttpServer open(String host, int port, StatusServer.StatusReports reports) {
    Supplier<IndexerStatus> status = reports.process();
    PrometheusMetrics metrics = new PrometheusMetrics(reports);
    Javalin server =
        Javalin.create(config -> {
          config.startup.showJavalinBanner = false;
          config.startup.showOldJavalinVersionWarning = false;
          config.startup.startupWatcherEnabled = false;
          config.jetty.threadPool = threads();
          config.routes.get("/health", context -> health(context, status.get()));
          config.routes.get("/ready", context -> ready(context, status.get()));
          config.routes.get(
              "/status",
              context -> json(context, IndexerStatusJson.of(status.get(), reports.queues().get())));
          config.routes.get(
              "/metrics",
              context ->
                  context
                      .contentType("text/plain; version=0.0.4; charset=utf-8")
                      .result(metrics.scrape()));
        });
    try {
      server.start(host, port);
    } catch (RuntimeException failed) {
      server.stop();
      metrics.close();
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "port for HTTP cannot be had, another program may listen there: http.port=%d http.host=%s"
              .formatted(port, host),
          failed);
    }
    return new AdminHttpServer(server, metrics);
  }

  /** Platform threads: the server answers while handlers and effects keep all carriers busy. */
  private static QueuedThreadPool threads() {
    QueuedThreadPool threads = new QueuedThreadPool(MAX_THREADS, MIN_THREADS);
    threads.setName("millrace-http");
    threads.setDaemon(true);
    return threads;
  }

  @Override
  public int port() {
    return server.port();
  }

  private static void health(Context context, IndexerStatus status) {
    if (status.state() == IndexerStatus.State.FAILED) {
      context.status(HttpStatus.SERVICE_UNAVAILABLE);
    }
    json(context, IndexerStatusJson.health(status));
  }

  private static void ready(Context context, IndexerStatus status) {
    if (!status.isReady()) {
      context.status(HttpStatus.SERVICE_UNAVAILABLE);
    }
    json(context, IndexerStatusJson.ready(status));
  }

  private static void json(Context context, String body) {
    context.contentType("application/json").result(body);
  }

  @Override
  public void close() {
    server.stop();
    metrics.close();
  }
}
