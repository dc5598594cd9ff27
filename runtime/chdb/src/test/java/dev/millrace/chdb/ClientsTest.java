package dev.millrace.chdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class ClientsTest {
  private static final Duration LONGEST = Duration.ofMinutes(5);

  private final AtomicLong clock = new AtomicLong();
  private final Clients clients = new Clients(clock::get);

  @Test
  void client_thatStopsReadingLosesItsConnection() throws Exception {
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket reader = new Socket(listener.getInetAddress(), listener.getLocalPort());
        Socket served = listener.accept()) {
      OutputStream out = clients.join(served);
      AtomicLong written = new AtomicLong();
      FutureTask<Void> sending =
          new FutureTask<>(() -> {
            byte[] some = new byte[1 << 16];
            while (true) {
              out.write(some);
              written.addAndGet(some.length);
            }
          });
      Thread.ofPlatform().start(sending);
      awaitStanding(written);

      clock.set(LONGEST.toNanos());
      clients.closeStalled(LONGEST);
      assertThat(served.isClosed()).isFalse();
      clock.set(LONGEST.toNanos() + 1);
      clients.closeStalled(LONGEST);

      assertThatThrownBy(sending::get)
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(SocketException.class);
      assertThat(reader.getInputStream().readNBytes(100)).hasSize(100);
    }
  }

  /** Until what both ends hold is full. */
  private static void awaitStanding(AtomicLong written) {
    long before = -1;
    while (written.get() == 0 || written.get() != before) {
      before = written.get();
      LockSupport.parkNanos(200_000_000);
    }
  }

  @Test
  void client_thatIsSilentIsNotTakenForOneThatStopsReading() throws IOException {
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket reader = new Socket(listener.getInetAddress(), listener.getLocalPort());
        Socket served = listener.accept()) {
      OutputStream out = clients.join(served);
      out.write(1);
      out.flush();
      assertThat(reader.getInputStream().read()).isEqualTo(1);

      clock.set(LONGEST.toNanos() * 2);
      clients.closeStalled(LONGEST);

      assertThat(served.isClosed()).isFalse();
    }
  }
}
