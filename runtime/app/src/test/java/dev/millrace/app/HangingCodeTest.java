package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.pipeline.Effect;
import dev.millrace.runner.ExitCode;
import dev.millrace.runner.IndexerRuntime;
import dev.millrace.runner.IndexerStatus;
import dev.millrace.testkit.PinnedCarriers;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Handlers and effects that hang, and keep every carrier of virtual threads. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
final class HangingCodeTest {
  private static final Duration REQUEST = Duration.ofSeconds(20);

  /** The time after which the status names a handler that hangs, and one second. */
  private static final Duration DRAIN = Duration.ofSeconds(4);

  @TempDir Path directory;
  private final PinnedCarriers carriers = new PinnedCarriers();
  private CountingIndexer counting;

  @BeforeEach
  void create() {
    counting = new CountingIndexer(directory);
  }

  @AfterEach
  void release() {
    carriers.close();
  }

  private void hang() {
    carriers.begin();
    carriers.hold();
  }

  @Test
  @Tag("H11")
  @DisplayName("H11 effects keep every carrier: HTTP answers, and the runtime ends and names one")
  void effect_thatKeepsCarriersEndsTheRuntime() throws Exception {
    Effect<Long, Long> endless =
        Effect.of(
                "endless",
                Long.class,
                Long.class,
                in -> {
                  hang();
                  return in;
                })
            .patience(Duration.ofSeconds(5));
    counting.first = context -> context.effect(endless, context.block().number());
    int port = freePort();
    try (IndexerRuntime runtime = counting.runtime(List.of(1L), DRAIN, OptionalInt.of(port))) {
      runtime.start();
      carriers.awaitAll();

      assertThat(health(port)).isEqualTo(200);
      assertThat(runtime.await().state()).isEqualTo(IndexerStatus.State.FAILED);
      assertThat(runtime.failure())
          .hasValueSatisfying(failure -> {
            assertThat(ExitCode.of(failure)).isEqualTo(ExitCode.RESTART);
            assertThat(failure).hasMessageContaining("effect gave no answer: effect=endless");
          });
    }
  }

  @Test
  @Tag("H12")
  @DisplayName("H12 handlers keep every carrier: a stop ends at its deadline and names one")
  void handler_thatKeepsCarriersIsAbandoned() throws Exception {
    counting.first = _ -> hang();
    IndexerRuntime runtime = counting.runtime(List.of(1L), DRAIN);
    runtime.start();
    carriers.awaitAll();
    runtime.close();

    assertThat(runtime.isIncomplete()).isTrue();
    while (runtime.failure().isEmpty()) {
      Thread.onSpinWait();
    }
    assertThat(runtime.failure())
        .hasValueSatisfying(failure -> {
          assertThat(ExitCode.of(failure)).isEqualTo(ExitCode.RESTART);
          assertThat(failure.getMessage())
              .matches(
                  "lane was abandoned: lane=1 waitingFor=\"the handler of an event: block=\\d+"
                      + " logIndex=\\d+ handler=.*, for \\d+ s\"");
        });
  }

  @Test
  @Tag("H12")
  @DisplayName(
      "H12 five lanes hang: they are stopped side by side, within ten seconds of the drain")
  void lanes_thatHangAreStoppedSideBySide() throws Exception {
    counting.first = _ -> carriers.hold();
    IndexerRuntime runtime =
        counting.runtime(LongStream.rangeClosed(1, 5).boxed().toList(), Duration.ofMillis(100));
    runtime.start();
    carriers.await(5);

    long begun = System.nanoTime();
    runtime.close();
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(10));
    assertThat(runtime.isIncomplete()).isTrue();
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  private static int health(int port) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:%d/health".formatted(port)))
            .timeout(REQUEST)
            .build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(request, BodyHandlers.discarding()).statusCode();
    }
  }
}
