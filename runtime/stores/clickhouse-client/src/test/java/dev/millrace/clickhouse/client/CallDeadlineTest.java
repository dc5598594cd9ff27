package dev.millrace.clickhouse.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Calls to a server that takes connections and does nothing more. */
@Timeout(120)
final class CallDeadlineTest {
  private static final Duration SHORT = Duration.ofSeconds(1);

  @Test
  @Tag("K20")
  @DisplayName("K20 an insert that the server no longer reads ends at its deadline")
  void insert_thatIsNotReadEnds() throws IOException {
    // More than the buffers of a loopback socket hold, so that the call waits in a write.
    RowBinaryBuffer rows = new RowBinaryBuffer();
    rows.putAll(new byte[32 << 20]);
    assertThat(failure(server -> server.insert("insert", "t", List.of("a"), rows, Map.of())))
        .isEqualTo("insert failed: no answer in time: seconds=33");
  }

  @Test
  @Tag("K20")
  @DisplayName("K20 a statement that gets no answer ends at its deadline")
  void statement_thatIsNotAnsweredEnds() throws IOException {
    assertThat(failure(server -> server.execute("mirror", "SELECT 1"))).startsWith("mirror failed");
  }

  @Test
  @Tag("K26")
  @DisplayName("K26 a deadline that comes as its call succeeds ends the connections or it does not")
  void deadline_thatComesAsTheCallSucceedsIsOneOrTheOther() throws Exception {
    CountDownLatch ended = new CountDownLatch(1);
    try (CallDeadline late = CallDeadline.in(Duration.ZERO, ended::countDown)) {
      ended.await();
      assertThat(late.meet()).as("a call whose connections are closed").isFalse();
    }
    AtomicInteger endings = new AtomicInteger();
    try (CallDeadline met = CallDeadline.in(Duration.ofHours(1), endings::incrementAndGet)) {
      assertThat(met.meet()).as("a call that was in time").isTrue();
      met.expire();
    }
    CallDeadline closed = CallDeadline.in(Duration.ofHours(1), endings::incrementAndGet);
    closed.close();
    closed.expire();
    assertThat(endings).hasValue(0);
  }

  private interface Use {
    void of(ClickHouseDatabase server);
  }

  private static String failure(Use use) throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));
        ClickHouseDatabase server =
            new ClickHouseDatabase(
                MirrorSettings.of("http://127.0.0.1:" + silent.getLocalPort(), "u", "p", "d")
                    .withTimeout(SHORT))) {
      MillraceException failed =
          catchThrowableOfType(MillraceException.class, () -> use.of(server));
      assertThat(failed.remedy()).isEqualTo(Remedy.RETRY);
      return String.valueOf(failed.getMessage());
    }
  }

  @Test
  @Tag("K21")
  @DisplayName("K21 a row beyond what an insert can be is no refusal of the handler")
  void row_thatIsTooLargeMayBeMetInMidSend() {
    MillraceException refused =
        catchThrowableOfType(
            MillraceException.class,
            () -> new RowBinaryBuffer(1 << 20).putAll(new byte[(1 << 20) + 1]));
    assertThat(refused.remedy()).isEqualTo(Remedy.FIX_SETUP);
  }
}
