package dev.millrace.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.locks.Condition;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Waits on one thread, on a machine where each wait is woken after the time that a test sets. */
@Timeout(60)
final class NewHeadSignalTest {
  private static final Duration BLOCK = Duration.ofMillis(250);
  private static final Duration LONG = Duration.ofHours(1);

  private final WokenRuntime machine = new WokenRuntime();
  private final List<LongConsumer> listeners = new ArrayList<>();
  private final NewHeadSignal heads = new NewHeadSignal(listeners::add, machine);

  @Test
  @Tag("F101")
  @DisplayName("F101 a pause lasts its length, however many heads come meanwhile")
  void pause_isNotShortenedByHeads() throws InterruptedException {
    NewHeadSignal.Follower feed = heads.follow();
    feed.await(Duration.ofNanos(1)); // subscribes
    for (int block = 0; block < 8; block++) {
      machine.wakes.add(() -> head(BLOCK));
    }
    long begun = machine.nanos();

    heads.pause(Duration.ofSeconds(1));

    assertThat(Duration.ofNanos(machine.nanos() - begun)).isEqualTo(Duration.ofSeconds(1));
    assertThat(machine.wakes).hasSize(4);
  }

  @Test
  @Tag("F101")
  @DisplayName("F101 one head ends the waits of all that wait for one, and no later wait")
  void await_endsWithAHeadThatAnotherFollowerHasSeen() throws InterruptedException {
    NewHeadSignal.Follower feed = heads.follow();
    NewHeadSignal.Follower blocks = heads.follow();
    machine.wakes.add(() -> head(BLOCK));
    long begun = machine.nanos();

    feed.await(LONG);
    blocks.await(LONG);
    assertThat(Duration.ofNanos(machine.nanos() - begun)).isEqualTo(BLOCK);
    assertThat(listeners).hasSize(1);

    blocks.await(LONG);
    assertThat(Duration.ofNanos(machine.nanos() - begun)).isEqualTo(BLOCK.plus(LONG));
  }

  @Test
  @Tag("F101")
  @DisplayName("F101 a head that comes while a pause lasts is not lost to the feed")
  void await_endsWithAHeadThatCameDuringAPause() throws InterruptedException {
    NewHeadSignal.Follower feed = heads.follow();
    feed.await(Duration.ofNanos(1)); // subscribes
    machine.wakes.add(() -> head(BLOCK));
    heads.pause(Duration.ofSeconds(1));
    long begun = machine.nanos();

    feed.await(LONG);

    assertThat(machine.nanos()).isEqualTo(begun);
  }

  @Test
  void close_endsWaitsAndPauses() {
    heads.close();

    assertThatThrownBy(() -> heads.pause(LONG)).isInstanceOf(InterruptedException.class);
    assertThatThrownBy(() -> heads.follow().await(LONG)).isInstanceOf(InterruptedException.class);
  }

  private Duration head(Duration after) {
    listeners.forEach(listener -> listener.accept(7));
    return after;
  }

  /** A machine whose waits are woken by a script, and last their time without one. */
  private static final class WokenRuntime implements CallRuntime {
    /** A cause to wake; returns the time after which it comes. */
    interface Wake {
      Duration now();
    }

    private final Queue<Wake> wakes = new ArrayDeque<>();
    private long nanos;

    @Override
    public long nanos() {
      return nanos;
    }

    @Override
    public long await(Condition signal, long max) {
      Wake wake = wakes.poll();
      long waited = wake == null ? max : wake.now().toNanos();
      nanos += waited;
      return max - waited;
    }

    @Override
    public void pause(long length) {
      nanos += length;
    }

    @Override
    public long chance(long bound) {
      return 0;
    }

    @Override
    public ExecutorService threads(String name) {
      throw new UnsupportedOperationException();
    }
  }
}
