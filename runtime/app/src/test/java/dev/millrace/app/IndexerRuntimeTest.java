package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.app.Samples.Captured;
import dev.millrace.config.Config;
import dev.millrace.evm.Evm;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.Storage;
import dev.millrace.pipeline.CommitStore;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Failpoint.Point;
import dev.millrace.pipeline.LaneMirror;
import dev.millrace.pipeline.Source;
import dev.millrace.runner.ConfiguredIndexer;
import dev.millrace.runner.ConfiguredMirror;
import dev.millrace.runner.ExitCode;
import dev.millrace.runner.IndexerRuntime;
import dev.millrace.runner.IndexerStatus;
import dev.millrace.runner.RuntimeWiring;
import dev.millrace.simulation.MemoryMirror;
import dev.millrace.simulation.MemoryStore;
import dev.millrace.testkit.StepGates;
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
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class IndexerRuntimeTest {
  @TempDir Path directory;
  private CountingIndexer counting;

  @BeforeEach
  void create() {
    counting = new CountingIndexer(directory);
  }

  @Test
  void run_endsWithZeroWhenAllIsDurable() {
    Captured captured = Samples.shell(directory, Map.of());
    IndexerRuntime runtime = counting.runtime(List.of(1L), Duration.ofSeconds(20));

    assertThat(ForegroundRun.run(runtime, captured.shell())).isEqualTo(ExitCode.DONE);

    IndexerStatus status = runtime.status();
    assertThat(status.state()).isEqualTo(IndexerStatus.State.DONE);
    assertThat(status.isReady()).isTrue();
    assertThat(status.lanes().getFirst().committed().block()).hasValue(CountingIndexer.BLOCKS - 1);
    assertThat(status.committedEvents()).isEqualTo(counting.seen("1"));
    assertThat(captured.err()).contains("millrace: done: ", "chain 1 at block 39");
  }

  @Test
  @Tag("A21")
  @DisplayName("A21 Status, readiness and caught up claim what is durable, while a commit is held")
  void status_neverClaimsMoreThanIsDurable() throws Exception {
    StepGates.Gate commits = counting.gates.hold(Point.BEFORE_COMMIT);
    try (IndexerRuntime runtime = counting.runtime(List.of(1L), Duration.ofSeconds(20))) {
      runtime.start();
      commits.await();

      IndexerStatus held = runtime.status();
      assertThat(held.committedEvents()).isZero();
      assertThat(held.isReady()).isFalse();
      assertThat(held.lanes().getFirst().committed().block()).isEmpty();
      assertThat(held.state()).isEqualTo(IndexerStatus.State.RUNNING);

      commits.release();
      assertThat(runtime.await().isReady()).isTrue();
    }
  }

  @Test
  @Tag("A26")
  @DisplayName(
      "A26 One of three lanes stops for good: the others drain, exit 1 with the first failure")
  void lane_thatFailsMakesTheOthersDrain() {
    Captured captured = Samples.shell(directory, Map.of());
    counting.failingBlock = 17;
    IndexerRuntime runtime = counting.runtime(List.of(1L, 2L, 3L), Duration.ofSeconds(20));

    assertThat(ForegroundRun.run(runtime, captured.shell())).isEqualTo(ExitCode.FAILED);

    assertThat(captured.err())
        .contains("cannot count this")
        .doesNotContain("\tat ", "bug of Millrace");
    assertThat(runtime.status().state()).isEqualTo(IndexerStatus.State.FAILED);
    assertThat(runtime.isIncomplete()).isFalse();
    List<IndexerStatus.Lane> lanes = runtime.status().lanes();
    assertThat(lanes.stream().map(IndexerStatus.Lane::state))
        .containsExactly(
            IndexerStatus.State.DONE, IndexerStatus.State.FAILED, IndexerStatus.State.DONE);
    assertThat(lanes.get(1).committed().block().orElse(-1)).isLessThan(17);
    for (IndexerStatus.Lane lane : lanes) {
      assertThat(lane.committed().events()).isEqualTo(counting.seen(Long.toString(lane.chain())));
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
    StepGates.Gate commits = counting.gates.hold(Point.BEFORE_COMMIT);
    IndexerRuntime runtime =
        counting.runtime(List.of(1L), Duration.ofSeconds(20), OptionalInt.of(port));
    AtomicInteger code = new AtomicInteger(-1);
    CliEnvironment shell = Samples.shell(directory, Map.of()).shell();
    Thread session = Thread.ofVirtual().start(() -> code.set(ForegroundRun.run(runtime, shell)));
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
  @Tag("D12")
  @DisplayName("D12 An embedded runtime answers over HTTP too, at the loopback address")
  void runtime_answersOverHttp() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    StepGates.Gate commits = counting.gates.hold(Point.BEFORE_COMMIT);
    try (IndexerRuntime runtime =
            counting.runtime(List.of(1L), Duration.ofSeconds(20), OptionalInt.of(port));
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
        counting
            .config(List.of(1L), OptionalInt.empty())
            .withClickHouse(
                Optional.of(
                    new Config.ClickHouse(
                        new Config.ClickHouse.Embedded(), "counting", Storage.BOTH)));
    MemoryStore both = new MemoryStore(new ConfiguredIndexer(counting.indexer, mirrored));
    MemoryMirror mirror = new MemoryMirror(new ConfiguredIndexer(counting.indexer, mirrored));
    AtomicInteger closed = new AtomicInteger();
    IndexerRuntime.Connectors connectors =
        new IndexerRuntime.Connectors() {
          @Override
          public List<Source> sources() {
            return new RuntimeWiring(counting.indexer, mirrored).sources();
          }

          @Override
          public CommitStore store(Failpoint failpoint) {
            return both.opened(failpoint);
          }

          @Override
          public Optional<ConfiguredMirror> mirror(Failpoint failpoint) {
            return Optional.of(
                new ConfiguredMirror() {
                  @Override
                  public LaneMirror lane(String lane) {
                    return mirror.opened(lane, failpoint);
                  }

                  @Override
                  public void close() {
                    closed.incrementAndGet();
                  }
                });
          }
        };
    try (IndexerRuntime runtime =
        new IndexerRuntime(
            counting.indexer, mirrored, connectors, counting.gates, Duration.ofSeconds(20))) {
      runtime.start();
      IndexerStatus.Lane lane = runtime.await().lanes().getFirst();
      assertThat(lane.mirrored()).contains(lane.committed());
      assertThat(lane.timings().mirrorNanos()).isPositive();
    }
    EntityType<?> count = counting.indexer.entities().getFirst();
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
            .contract("Token", token -> token.on(CountingIndexer.Transferred.class, (_, _) -> {}))
            .build();
    Captured captured = Samples.shell(directory, Map.of());
    int code =
        Main.execute(
            shell ->
                ForegroundRun.run(
                    tracing, counting.config(List.of(1L), OptionalInt.empty()), shell),
            captured.shell());
    assertThat(code).isEqualTo(ExitCode.MISUSE);
    assertThat(captured.err())
        .contains(
            "entity is kept in ClickHouse only, and the config names none: entity=Trace",
            "clickhouse: { url: embedded }");
    assertThat(directory).isEmptyDirectory();
  }
}
