package dev.millrace.servers;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * Sends {@code SELECT 1} to a ClickHouse, again and again on a thread of its own. Any answer
 * counts: a refusal for lack of memory or of connections is a sign of life.
 */
final class HealthProbe implements AutoCloseable {
  private static final Duration PAUSE = Duration.ofSeconds(2);

  private final InetSocketAddress address;
  private final byte[] request;
  private final Duration limit;
  private final Supplier<Duration> cpu;
  private final ProbeAnswerClock clock;
  private final AtomicBoolean answered = new AtomicBoolean();
  private final Thread asker;
  private volatile boolean closed;

  private HealthProbe(int port, String password, Duration limit, Supplier<Duration> cpu) {
    this.address = new InetSocketAddress(InetAddress.ofLiteral(ServerState.HOST), port);
    this.request =
        """
        GET /?query=SELECT+1&log_queries=0 HTTP/1.1\r
        Host: %s\r
        X-ClickHouse-User: %s\r
        X-ClickHouse-Key: %s\r
        Connection: close\r
        \r
        """
            .formatted(ServerState.HOST, ServerKind.CLICKHOUSE.user(), password)
            .getBytes(UTF_8);
    this.limit = limit;
    this.cpu = cpu;
    this.clock = new ProbeAnswerClock(limit, System.nanoTime(), cpu.get());
    this.asker = Thread.ofPlatform().daemon().name("health").unstarted(this::ask);
  }

  static HealthProbe start(int port, String password, Duration limit, Supplier<Duration> cpu) {
    HealthProbe probe = new HealthProbe(port, password, limit, cpu);
    probe.asker.start();
    return probe;
  }

  /**
   * Returns the reason to consider the server hanging. Called by the supervisor at each of its
   * ticks.
   */
  Optional<String> hangs() {
    return clock.look(System.nanoTime(), answered.getAndSet(false), cpu.get());
  }

  private void ask() {
    while (!closed) {
      try (Socket socket = new Socket()) {
        socket.connect(address, (int) limit.toMillis());
        socket.setSoTimeout((int) limit.toMillis());
        socket.getOutputStream().write(request);
        if (socket.getInputStream().read() >= 0) {
          answered.set(true);
        }
      } catch (IOException e) {
        // A missing answer is for the clock to judge.
      }
      LockSupport.parkNanos(PAUSE.toNanos());
    }
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(asker);
  }
}
