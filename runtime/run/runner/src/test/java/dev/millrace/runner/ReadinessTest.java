package dev.millrace.runner;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.OptionalLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class ReadinessTest {
  private long nanos;
  private final Readiness readiness = new Readiness(() -> nanos);

  private boolean at(long seconds, long committed, long head) {
    nanos = Duration.ofSeconds(seconds).toNanos();
    return readiness.observe(committed, OptionalLong.of(head));
  }

  @Test
  @Tag("A21")
  @DisplayName("A21 A lane that has not been near the head is not ready")
  void ready_comesWithTheHead() {
    assertThat(readiness.observe(-1, OptionalLong.empty())).isFalse();
    assertThat(at(1, -1, 1000)).isFalse();
    assertThat(at(60, 999, 1000)).isFalse();
    assertThat(at(61, 1000, 1020)).as("the head of a minute ago").isFalse();
    assertThat(at(70, 1020, 1021)).as("the head of nine seconds ago").isTrue();
  }

  @Test
  @Tag("A50")
  @DisplayName("A50 New blocks and reorgs near the head leave a lane ready")
  void ready_staysWhileTheLagIsShort() {
    assertThat(at(0, 1000, 1000)).isTrue();
    assertThat(at(100, 1000, 1001)).as("a block has come after a quiet time").isTrue();
    assertThat(at(101, 990, 1001)).as("a reorg").isTrue();
    assertThat(at(102, 990, 996)).as("of a branch that is shorter for now").isTrue();
    for (long second = 103; second < 400; second += 10) {
      assertThat(at(second, 990 + second, 991 + second)).as("always a block behind").isTrue();
    }
  }

  @Test
  @Tag("A50")
  @DisplayName(
      "A50 A lane that lags for more than half a minute is not ready until it has caught up")
  void ready_endsWithALongLag() {
    assertThat(at(0, 1000, 1000)).isTrue();
    assertThat(at(10, 1000, 1001)).isTrue();
    assertThat(at(40, 1000, 1016)).isTrue();
    assertThat(at(41, 1000, 1016)).isFalse();
    assertThat(at(80, 1001, 1036)).as("half a minute late for what came first").isFalse();
    assertThat(at(81, 1036, 1036)).isTrue();
  }

  @Test
  @Tag("A50")
  @DisplayName("A50 A head that is unknown for more than half a minute makes a lane unready")
  void ready_endsWithTheHead() {
    assertThat(at(0, 1000, 1000)).isTrue();
    nanos = Duration.ofSeconds(10).toNanos();
    assertThat(readiness.observe(1000, OptionalLong.empty())).isTrue();
    nanos = Duration.ofSeconds(41).toNanos();
    assertThat(readiness.observe(1000, OptionalLong.empty())).isFalse();
    assertThat(at(42, 1000, 1000)).isTrue();
  }
}
