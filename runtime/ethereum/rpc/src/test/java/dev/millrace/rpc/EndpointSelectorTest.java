package dev.millrace.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.jsonrpc.EndpointUrl;
import dev.millrace.jsonrpc.InFlightByteBudget;
import dev.millrace.jsonrpc.JsonRpcTransport;
import dev.millrace.jsonrpc.RpcCallException;
import dev.millrace.jsonrpc.TransportSettings;
import dev.millrace.rpc.NodeErrorTable.Action;
import dev.millrace.rpc.NodeErrorTable.Classification;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Calls that wait for an endpoint, and the reason in the status. */
@Timeout(60)
final class EndpointSelectorTest {
  private static final CallRequirements CALL = CallRequirements.rest(Set.of(), 1);

  /** A clock that stands still until the test sets it ahead. */
  private final AtomicLong clock = new AtomicLong();

  private final CallRuntime runtime =
      new CallRuntime() {
        @Override
        public long nanos() {
          return clock.get();
        }

        // The callers loop.
        @SuppressWarnings("WaitNotInLoop")
        @Override
        public long await(Condition signal, long nanos) throws InterruptedException {
          return signal.awaitNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }

        @Override
        public void pause(long nanos) {}

        @Override
        public long chance(long bound) {
          return 0;
        }

        @Override
        public ExecutorService threads(String name) {
          return Executors.newVirtualThreadPerTaskExecutor();
        }
      };

  private final Endpoint endpoint =
      new Endpoint(
          "node",
          EndpointUrl.of("http://127.0.0.1:1"),
          JsonRpcTransport.over(
              _ -> {
                throw RpcCallException.of(RpcCallException.Kind.TORN, "no call goes out");
              },
              new TransportSettings(Duration.ofSeconds(1), 1 << 20)),
          new InFlightByteBudget(1).share(),
          1 << 20,
          0);
  private final EndpointSelector selector =
      new EndpointSelector(
          List.of(endpoint),
          5,
          runtime,
          new LearntLimitsFile(Optional.empty(), 5, InstantSource.system()));

  @Test
  @Tag("F95")
  @DisplayName("F95 an outage that is over is no longer named while calls wait in line")
  void waitingFor_endsWithThePause() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      failsManyTimes();
      List<Future<Endpoint>> calls =
          Stream.generate(() -> threads.submit(() -> selector.acquire(CALL))).limit(3).toList();
      assertThat(await(text -> !text.isEmpty())).isEqualTo("node: maintenance");

      clock.addAndGet(Duration.ofMinutes(1).toNanos());

      // Until the endpoint has named its chain, one call is made at a time: two wait in line.
      try {
        assertThat(await(String::isEmpty)).isEmpty();
        assertThat(calls).filteredOn(call -> !call.isDone()).hasSizeGreaterThan(1);
      } finally {
        selector.close();
      }
    }
  }

  private void failsManyTimes() throws InterruptedException {
    for (int i = 0; i < 8; i++) {
      long begun = clock.addAndGet(Duration.ofMinutes(1).toNanos());
      assertThat(selector.acquire(CALL)).isSameAs(endpoint);
      selector.failed(
          endpoint,
          CALL,
          RpcCallException.of(RpcCallException.Kind.TORN, "maintenance"),
          Classification.of(Action.RETRY),
          begun);
    }
  }

  private String await(Predicate<String> condition) throws InterruptedException {
    while (true) {
      String waitingFor = selector.status().waitingFor();
      if (condition.test(waitingFor)) {
        return waitingFor;
      }
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      Thread.onSpinWait();
    }
  }
}
