package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.app.Samples.Captured;
import dev.millrace.config.Config;
import dev.millrace.devchain.DevChain;
import dev.millrace.evm.Event;
import dev.millrace.evm.Evm;
import dev.millrace.evm.EvmContext;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Storage;
import dev.millrace.pipeline.CommitStore;
import dev.millrace.pipeline.LaneMirror;
import dev.millrace.pipeline.LaneSettings;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.pipeline.Probe;
import dev.millrace.pipeline.Probe.Point;
import dev.millrace.pipeline.Source;
import dev.millrace.testkit.MemoryMirror;
import dev.millrace.testkit.MemoryStore;
import dev.millrace.testkit.StepGates;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class IndexerRuntimeTest {
  private static final long BLOCKS = 40;

  @TempDir Path directory;

  private final StepGates gates = new StepGates();
  private volatile long failingBlock = -1;
  private final EvmIndexer counting =
      Evm.indexer("counting")
          .entities(Count.class)
          .contract("Token", token -> token.on(Transferred.class, (_, context) -> count(context)))
          .build();
  private final MemoryStore store = new MemoryStore(counting.entities());

  @Event("Transfer(address indexed from, address indexed to, uint256 value)")
  record Transferred(Address from, Address to, BigInteger value) {}

  @Entity
  record Count(@Id long id, long seen) {}

  /** Counts transfers, and fails in one block of one chain. */
  private void count(EvmContext context) {
    if (failingBlock >= 0 && context.block().number() >= failingBlock && context.chain() == 2) {
      throw new IllegalStateException("cannot count this");
    }
    long seen = context.find(Count.class, 0L).map(Count::seen).orElse(0L);
    context.save(new Count(0, seen + 1));
  }

  @Test
  void run_endsWithZeroWhenAllIsDurable() {
    Captured captured = Samples.shell(directory, Map.of());
    IndexerRuntime runtime = runtime(List.of(1L), Duration.ofSeconds(20));

    assertThat(Session.run(runtime, captured.shell())).isEqualTo(ExitCode.DONE);

    Status status = runtime.status();
    assertThat(status.state()).isEqualTo(Status.State.DONE);
    assertThat(status.isReady()).isTrue();
    assertThat(status.lanes().getFirst().committed().block()).hasValue(BLOCKS - 1);
    assertThat(status.committedEvents()).isEqualTo(seen("1"));
    assertThat(captured.err()).contains("millrace: done: ", "chain 1 at block 39");
  }

  @Test
  @Tag("A21")
  @DisplayName("A21 Status, readiness and caught up claim what is durable, while a commit is held")
  void status_neverClaimsMoreThanIsDurable() throws Exception {
    StepGates.Gate commits = gates.hold(Point.BEFORE_COMMIT);
    try (IndexerRuntime runtime = runtime(List.of(1L), Duration.ofSeconds(20))) {
      runtime.start();
      commits.await();

      Status held = runtime.status();
      assertThat(held.committedEvents()).isZero();
      assertThat(held.isReady()).isFalse();
      assertThat(held.lanes().getFirst().committed().block()).isEmpty();
      assertThat(held.state()).isEqualTo(Status.State.RUNNING);

      commits.release();
      assertThat(runtime.await().isReady()).isTrue();
    }
  }

  @Test
  @Tag("A15")
  @DisplayName("A15 Close drains what has run, and the next start goes on behind it")
  void close_drainsWhatHasRun() throws Exception {
    StepGates.Gate commits = gates.hold(Point.BEFORE_COMMIT);
    IndexerRuntime first = runtime(List.of(1L), Duration.ofSeconds(20));
    first.start();
    commits.await();
    gates.awaitPassed(Point.AFTER_RUN, 3);
    Thread closing = Thread.ofVirtual().start(first::close);
    commits.release();
    closing.join();

    assertThat(first.status().state()).isEqualTo(Status.State.DONE);
    assertThat(first.isIncomplete()).isFalse();
    long drained = first.status().committedEvents();
    assertThat(drained).isPositive().isEqualTo(seen("1"));

    try (IndexerRuntime second = runtime(List.of(1L), Duration.ofSeconds(20))) {
      second.start();
      assertThat(second.await().isReady()).isTrue();
      assertThat(seen("1")).isEqualTo(drained + second.status().committedEvents());
    }
  }

  @Test
  @Tag("A15")
  @DisplayName("A15 Past the deadline the rest is rolled back, and the restart is right")
  void close_givesUpAtTheDeadline() throws Exception {
    StepGates.Gate commits = gates.hold(Point.BEFORE_COMMIT);
    IndexerRuntime first = runtime(List.of(1L), Duration.ofMillis(50));
    first.start();
    commits.await();
    first.close();

    assertThat(first.isIncomplete()).isTrue();
    assertThat(first.status().committedEvents()).isZero();
    commits.release();

    try (IndexerRuntime second = runtime(List.of(1L), Duration.ofSeconds(20))) {
      second.start();
      assertThat(second.await().committedEvents()).isEqualTo(seen("1"));
    }
  }

  @Test
  @Tag("A26")
  @DisplayName(
      "A26 One of three lanes stops for good: the others drain, exit 1 with the first failure")
  void lane_thatFailsMakesTheOthersDrain() {
    Captured captured = Samples.shell(directory, Map.of());
    failingBlock = 17;
    IndexerRuntime runtime = runtime(List.of(1L, 2L, 3L), Duration.ofSeconds(20));

    assertThat(Session.run(runtime, captured.shell())).isEqualTo(ExitCode.FAILED);

    assertThat(captured.err())
        .contains("cannot count this")
        .doesNotContain("\tat ", "bug of Millrace");
    assertThat(runtime.status().state()).isEqualTo(Status.State.FAILED);
    assertThat(runtime.isIncomplete()).isFalse();
    List<Status.Lane> lanes = runtime.status().lanes();
    assertThat(lanes.stream().map(Status.Lane::state))
        .containsExactly(Status.State.DONE, Status.State.FAILED, Status.State.DONE);
    assertThat(lanes.get(1).committed().block().orElse(-1)).isLessThan(17);
    for (Status.Lane lane : lanes) {
      assertThat(lane.committed().events()).isEqualTo(seen(Long.toString(lane.chain())));
    }
  }

  @Test
  @Tag("A21")
  @DisplayName("A21 Over HTTP, too, a process is ready only when all is durable")
  void session_answersOverHttpWhileItRuns() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    StepGates.Gate commits = gates.hold(Point.BEFORE_COMMIT);
    IndexerRuntime runtime = runtime(List.of(1L), Duration.ofSeconds(20), OptionalInt.of(port));
    AtomicInteger code = new AtomicInteger(-1);
    Shell shell = Samples.shell(directory, Map.of()).shell();
    Thread session = Thread.ofVirtual().start(() -> code.set(Session.run(runtime, shell)));
    commits.await();

    try (HttpClient client = HttpClient.newHttpClient()) {
      URI ready = URI.create("http://127.0.0.1:" + port + "/ready");
      HttpRequest request = HttpRequest.newBuilder(ready).build();
      assertThat(client.send(request, BodyHandlers.discarding()).statusCode()).isEqualTo(503);
    }
    commits.release();
    session.join();
    assertThat(code).hasValue(ExitCode.DONE);
  }

  @Test
  @Tag("D9")
  @DisplayName("D9 A runtime that was closed does not start, and await returns")
  void close_beforeStartEndsIt() throws Exception {
    IndexerRuntime runtime = runtime(List.of(1L), Duration.ofSeconds(20));
    runtime.close();

    assertThatThrownBy(runtime::start)
        .isInstanceOf(MillraceException.class)
        .hasMessageContaining("closed before it had started");
    Status status = runtime.await();
    assertThat(status.state()).isEqualTo(Status.State.DONE);
    assertThat(status.lanes()).isEmpty();
  }

  @Test
  @Tag("D9")
  @DisplayName("D9 A close while the store is opened ends the start, which closes the store")
  void close_duringStartEndsIt() throws Exception {
    CountDownLatch opening = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicInteger closed = new AtomicInteger();
    Config config = config(List.of(1L), OptionalInt.empty());
    IndexerRuntime.Ports ports =
        new IndexerRuntime.Ports() {
          @Override
          public List<Source> sources() {
            return new Wiring(counting, config).sources();
          }

          @Override
          public CommitStore store(Probe probe) {
            opening.countDown();
            try {
              goOn.await();
            } catch (InterruptedException interrupted) {
              throw new IllegalStateException(interrupted);
            }
            return new CommitStore() {
              @Override
              public LaneStore takeOver(String lane) {
                return store.takeOver(lane);
              }

              @Override
              public void close() {
                closed.incrementAndGet();
              }
            };
          }
        };
    IndexerRuntime runtime =
        new IndexerRuntime(counting, config, ports, gates, Duration.ofSeconds(60));
    AtomicReference<Throwable> refused = new AtomicReference<>();
    Thread starting =
        Thread.ofVirtual()
            .start(() -> {
              try {
                runtime.start();
              } catch (RuntimeException failed) {
                refused.set(failed);
              }
            });
    opening.await();
    Thread closing = Thread.ofVirtual().start(runtime::close);
    while (runtime.status().state() != Status.State.DRAINING) {
      Thread.onSpinWait();
    }
    goOn.countDown();
    starting.join();
    closing.join();

    assertThat(refused.get()).hasMessageContaining("closed before it had started");
    assertThat(closed).hasValue(1);
    assertThat(runtime.await().state()).isEqualTo(Status.State.DONE);
    assertThat(runtime.status().lanes()).isEmpty();
  }

  @Test
  @Tag("D12")
  @DisplayName("D12 An embedded runtime answers over HTTP too, at the loopback address")
  void runtime_answersOverHttp() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    StepGates.Gate commits = gates.hold(Point.BEFORE_COMMIT);
    try (IndexerRuntime runtime =
            runtime(List.of(1L), Duration.ofSeconds(20), OptionalInt.of(port));
        HttpClient client = HttpClient.newHttpClient()) {
      runtime.start();
      commits.await();
      URI ready = URI.create("http://127.0.0.1:" + port + "/ready");
      HttpRequest request = HttpRequest.newBuilder(ready).build();
      assertThat(client.send(request, BodyHandlers.discarding()).statusCode()).isEqualTo(503);
      assertThat(runtime.config().http().host()).isEqualTo("127.0.0.1");
      commits.release();
      assertThat(runtime.await().isReady()).isTrue();
    }
  }

  @Test
  void run_mirrorsWhatIsDurable() throws Exception {
    Config mirrored =
        config(List.of(1L), OptionalInt.empty())
            .withClickHouse(
                Optional.of(
                    new Config.ClickHouse(
                        new Config.ClickHouse.Embedded(), "counting", Storage.BOTH)));
    MemoryStore both = new MemoryStore(new ConfiguredIndexer(counting, mirrored));
    MemoryMirror mirror = new MemoryMirror(new ConfiguredIndexer(counting, mirrored));
    AtomicInteger closed = new AtomicInteger();
    IndexerRuntime.Ports ports =
        new IndexerRuntime.Ports() {
          @Override
          public List<Source> sources() {
            return new Wiring(counting, mirrored).sources();
          }

          @Override
          public CommitStore store(Probe probe) {
            return both.opened(probe);
          }

          @Override
          public Optional<Mirror> mirror(Probe probe) {
            return Optional.of(
                new Mirror() {
                  @Override
                  public LaneMirror lane(String lane) {
                    return mirror.opened(lane, probe);
                  }

                  @Override
                  public void close() {
                    closed.incrementAndGet();
                  }
                });
          }
        };
    try (IndexerRuntime runtime =
        new IndexerRuntime(counting, mirrored, ports, gates, Duration.ofSeconds(20))) {
      runtime.start();
      Status.Lane lane = runtime.await().lanes().getFirst();
      assertThat(lane.mirrored()).contains(lane.committed());
      assertThat(lane.timings().mirrorNanos()).isPositive();
    }
    EntityType<?> count = counting.entities().getFirst();
    assertThat(mirror.rows("1", count)).isNotEmpty().isEqualTo(both.rows("1", count));
    assertThat(closed).hasValue(1);
  }

  @Entity(storage = Storage.CLICKHOUSE, immutable = true)
  record Trace(@Id long id) {}

  @Test
  void entityInClickHouseOnly_isRefusedWithoutOne() {
    EvmIndexer tracing =
        Evm.indexer("tracing")
            .entities(Trace.class)
            .contract("Token", token -> token.on(Transferred.class, (_, _) -> {}))
            .build();
    Captured captured = Samples.shell(directory, Map.of());
    int code =
        Main.execute(
            shell -> Session.run(tracing, config(List.of(1L), OptionalInt.empty()), shell),
            captured.shell());
    assertThat(code).isEqualTo(ExitCode.MISUSE);
    assertThat(captured.err())
        .contains(
            "entity is kept in ClickHouse only, and the config names none: entity=Trace",
            "clickhouse: { url: embedded }");
    assertThat(directory).isEmptyDirectory();
  }

  private long seen(String lane) {
    return store.rows(lane, counting.entities().getFirst()).values().stream()
        .map(Count.class::cast)
        .mapToLong(Count::seen)
        .sum();
  }

  private IndexerRuntime runtime(List<Long> chains, Duration drain) {
    return runtime(chains, drain, OptionalInt.empty());
  }

  private IndexerRuntime runtime(List<Long> chains, Duration drain, OptionalInt port) {
    Config config = config(chains, port);
    Wiring wiring = new Wiring(counting, config);
    IndexerRuntime.Ports ports =
        new IndexerRuntime.Ports() {
          @Override
          public List<Source> sources() {
            return wiring.sources();
          }

          @Override
          public CommitStore store(Probe probe) {
            return store.opened(probe);
          }
        };
    return new IndexerRuntime(counting, config, ports, gates, drain);
  }

  private Config config(List<Long> chains, OptionalInt port) {
    return new Config(
        "counting",
        new Config.Postgres.Embedded(),
        chains.stream().map(IndexerRuntimeTest::chain).toList(),
        new LaneSettings(4, 20, 1 << 26, 1 << 20),
        port,
        directory);
  }

  private static Config.Chain chain(long id) {
    return new Config.Chain(
        id,
        List.of(
            new Config.Endpoint(URI.create("dev://chain?seed=%d&blocks=%d".formatted(id, BLOCKS)))),
        0,
        new Config.End.At(BLOCKS - 1),
        new Config.Finality(Optional.empty(), OptionalInt.empty()),
        List.of(new Config.Contract("Token", List.of(DevChain.TOKEN))));
  }
}
