package dev.millrace.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class BackoffRetryTest {
  private final AtomicLong now = new AtomicLong(-7);
  private final BackoffRetry retry = new BackoffRetry(now::get);
  private final List<String> waits = new ArrayList<>();

  /** A full disk: each try takes {@code perTry} and fails, until {@code failures} have passed. */
  private Supplier<String> fullDisk(Duration perTry, int failures) {
    return () -> {
      now.addAndGet(perTry.toNanos());
      waits.add(retry.calls().waitingFor());
      if (waits.size() <= failures) {
        throw new MillraceException(Remedy.RETRY, "disk is full: sqlState=53100");
      }
      return "done";
    };
  }

  @Test
  @DisplayName(
      "a disk that stays full is tried again for ten minutes, then the lane stops with why")
  void store_thatStaysAwayIsGivenUp() {
    MillraceException end =
        catchThrowableOfType(
            MillraceException.class,
            () -> retry.call("commit 7", fullDisk(Duration.ofMinutes(5), Integer.MAX_VALUE)));

    assertThat(end.remedy()).isEqualTo(Remedy.RESTART);
    assertThat(end)
        .hasMessage(
            "gave up after failures: call=commit 7 minutes=15"
                + " last=\"disk is full: sqlState=53100\"")
        .hasRootCauseMessage("disk is full: sqlState=53100");
    assertThat(waits)
        .as("four tries: patience begins with the first failure, after five minutes")
        .containsExactly(
            "commit 7, for 300 s",
            "commit 7: disk is full: sqlState=53100",
            "commit 7: disk is full: sqlState=53100",
            "commit 7: disk is full: sqlState=53100");
    assertThat(retry.calls().waitingFor()).isEmpty();
  }

  @Test
  @DisplayName("a store that is back within ten minutes is not given up")
  void store_thatIsBackInTimeAnswers() {
    assertThat(retry.call("commit 7", fullDisk(Duration.ofMinutes(5), 2))).isEqualTo("done");
    assertThat(waits).hasSize(3);
    assertThat(retry.calls().waitingFor()).isEmpty();
  }

  @Test
  @DisplayName("patience is counted per call, not from the first trouble that there ever was")
  void patience_beginsAnewWithEachCall() {
    retry.call("commit 7", fullDisk(Duration.ofMinutes(5), 2));
    waits.clear();
    assertThat(retry.call("commit 8", fullDisk(Duration.ofMinutes(5), 2))).isEqualTo("done");
  }

  @Test
  @Tag("A33")
  @DisplayName("A33 A call that went well for 11 minutes and then fails is made again")
  void patience_beginsWithTheFirstFailure() {
    assertThat(retry.call("index build", fullDisk(Duration.ofMinutes(11), 1))).isEqualTo("done");
  }

  @Test
  @Tag("A35")
  @DisplayName("A35 A call that takes long is named with its time while it goes on")
  void call_thatTakesLongIsNamed() {
    PendingCallTracker calls = retry.calls();
    PendingCallTracker.Call effect = calls.begin("effect price");
    PendingCallTracker.Call commit = calls.begin("commit 5");
    now.addAndGet(Duration.ofMillis(2_999).toNanos());
    assertThat(calls.waitingFor()).isEmpty();
    now.addAndGet(Duration.ofMillis(9_001).toNanos());
    assertThat(calls.waitingFor()).isEqualTo("commit 5, for 12 s");
    effect.failed("HTTP 503");
    assertThat(calls.waitingFor()).as("a failing one first").isEqualTo("effect price: HTTP 503");
    effect.close();
    assertThat(calls.waitingFor()).isEqualTo("commit 5, for 12 s");
    commit.close();
    assertThat(calls.waitingFor()).isEmpty();
  }
}
