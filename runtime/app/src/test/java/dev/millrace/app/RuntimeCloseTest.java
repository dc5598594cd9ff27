package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.config.Config;
import dev.millrace.loaders.MillraceException;
import dev.millrace.pipeline.CommitStore;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Failpoint.Point;
import dev.millrace.pipeline.LaneStore;
import dev.millrace.pipeline.Source;
import dev.millrace.runner.IndexerRuntime;
import dev.millrace.runner.IndexerStatus;
import dev.millrace.runner.RuntimeWiring;
import dev.millrace.testkit.StepGates;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A runtime that is closed: before, during and after its start. */
@Timeout(180)
class RuntimeCloseTest {
  @TempDir Path directory;
  private CountingIndexer counting;

  @BeforeEach
  void create() {
    counting = new CountingIndexer(directory);
  }

  @Test
  @Tag("A15")
  @DisplayName("A15 Close drains what has run, and the next start goes on behind it")
  void close_drainsWhatHasRun() throws Exception {
    StepGates.Gate commits = counting.gates.hold(Point.BEFORE_COMMIT);
    IndexerRuntime first = counting.runtime(List.of(1L), Duration.ofSeconds(20));
    first.start();
    commits.await();
    counting.gates.awaitPassed(Point.AFTER_RUN, 3);
    Thread closing = Thread.ofVirtual().start(first::close);
    commits.release();
    closing.join();

    assertThat(first.status().state()).isEqualTo(IndexerStatus.State.DONE);
    assertThat(first.isIncomplete()).isFalse();
    long drained = first.status().committedEvents();
    assertThat(drained).isPositive().isEqualTo(counting.seen("1"));

    try (IndexerRuntime second = counting.runtime(List.of(1L), Duration.ofSeconds(20))) {
      second.start();
      assertThat(second.await().isReady()).isTrue();
      assertThat(counting.seen("1")).isEqualTo(drained + second.status().committedEvents());
    }
  }

  @Test
  @Tag("A15")
  @DisplayName("A15 Past the deadline the rest is rolled back, and the restart is right")
  void close_givesUpAtTheDeadline() throws Exception {
    StepGates.Gate commits = counting.gates.hold(Point.BEFORE_COMMIT);
    IndexerRuntime first = counting.runtime(List.of(1L), Duration.ofMillis(50));
    first.start();
    commits.await();
    first.close();

    assertThat(first.isIncomplete()).isTrue();
    assertThat(first.status().committedEvents()).isZero();
    commits.release();

    try (IndexerRuntime second = counting.runtime(List.of(1L), Duration.ofSeconds(20))) {
      second.start();
      assertThat(second.await().committedEvents()).isEqualTo(counting.seen("1"));
    }
  }

  @Test
  @Tag("A15")
  @DisplayName("A15 An interrupt cuts the drain short: the rest is rolled back, and is not claimed")
  void close_thatIsInterruptedClaimsNothing() throws Exception {
    StepGates.Gate commits = counting.gates.hold(Point.BEFORE_COMMIT);
    IndexerRuntime first = counting.runtime(List.of(1L), Duration.ofSeconds(100));
    first.start();
    commits.await();
    Thread.currentThread().interrupt();
    first.close();

    assertThat(Thread.interrupted()).isTrue();
    assertThat(first.isIncomplete()).isTrue();
    assertThat(first.status().committedEvents()).isZero();
    commits.release();
  }

  @Test
  @Tag("D9")
  @DisplayName("D9 A runtime that was closed does not start, and await returns")
  void close_beforeStartEndsIt() throws Exception {
    IndexerRuntime runtime = counting.runtime(List.of(1L), Duration.ofSeconds(20));
    runtime.close();

    assertThatThrownBy(runtime::start)
        .isInstanceOf(MillraceException.class)
        .hasMessageContaining("closed before it had started");
    IndexerStatus status = runtime.await();
    assertThat(status.state()).isEqualTo(IndexerStatus.State.DONE);
    assertThat(status.lanes()).isEmpty();
  }

  @Test
  @Tag("D9")
  @DisplayName("D9 A close while the store is opened ends the start, which closes the store")
  void close_duringStartEndsIt() throws Exception {
    CountDownLatch opening = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicInteger closed = new AtomicInteger();
    Config config = counting.config(List.of(1L), OptionalInt.empty());
    IndexerRuntime.Connectors connectors =
        new IndexerRuntime.Connectors() {
          @Override
          public List<Source> sources() {
            return new RuntimeWiring(counting.indexer, config).sources();
          }

          @Override
          public CommitStore store(Failpoint failpoint) {
            opening.countDown();
            try {
              goOn.await();
            } catch (InterruptedException interrupted) {
              throw new IllegalStateException(interrupted);
            }
            return new CommitStore() {
              @Override
              public LaneStore takeOver(String lane) {
                return counting.store.takeOver(lane);
              }

              @Override
              public void close() {
                closed.incrementAndGet();
              }
            };
          }
        };
    IndexerRuntime runtime =
        new IndexerRuntime(
            counting.indexer, config, connectors, counting.gates, Duration.ofSeconds(60));
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
    while (runtime.status().state() != IndexerStatus.State.DRAINING) {
      Thread.onSpinWait();
    }
    goOn.countDown();
    starting.join();
    closing.join();

    assertThat(refused.get()).hasMessageContaining("closed before it had started");
    assertThat(closed).hasValue(1);
    assertThat(runtime.await().state()).isEqualTo(IndexerStatus.State.DONE);
    assertThat(runtime.status().lanes()).isEmpty();
  }
}
