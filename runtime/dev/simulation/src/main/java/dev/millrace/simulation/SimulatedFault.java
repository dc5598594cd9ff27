package dev.millrace.simulation;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.testkit.CrashFailpoint;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The trouble of one simulated process: at most one fault, at one passing of one point. */
final class SimulatedFault implements Failpoint {
  enum Kind {
    NOTHING,
    /** The process dies. */
    CRASH,
    /** The store fails once and would not fail again. */
    STORE_ERROR,
    /** The store has done the call, and the reply is lost. */
    LOST_REPLY,
    /** A store refuses a group for good, and then part of what it gets instead. */
    REFUSAL,
    /** The process is asked to end. */
    DRAIN,
    /** The process is closed at once. */
    CLOSE,
    /** The process stops where it is, and wakes up after another has taken its lanes over. */
    SLEEP
  }

  private static final List<Point> OF_THE_MIRROR =
      List.of(
          Point.BEFORE_MIRROR,
          Point.MIRRORING,
          Point.MIRRORED,
          Point.BEFORE_PUBLISH,
          Point.PUBLISHING,
          Point.PUBLISHED);
  private static final List<Point> WITHOUT_MIRROR =
      Stream.of(Point.values()).filter(point -> !OF_THE_MIRROR.contains(point)).toList();
  private static final List<Point> STORE_ERRORS =
      List.of(
          Point.BEFORE_BEGIN,
          Point.DURING_COPY,
          Point.AFTER_WRITES,
          Point.BEFORE_COMMIT,
          Point.BUILDING_INDEX,
          Point.REWINDING);

  private final Kind kind;
  private final Point point;
  private final int passing;
  private final AtomicInteger passings = new AtomicInteger();
  private final Failpoint crash;
  private volatile boolean happened;
  private final CountDownLatch asleep = new CountDownLatch(1);
  private final CountDownLatch awake = new CountDownLatch(1);
  private volatile Runnable action = () -> {};

  private SimulatedFault(Kind kind, Point point, int passing) {
    this.kind = kind;
    this.point = point;
    this.passing = passing;
    this.crash = kind == Kind.CRASH ? CrashFailpoint.at(point, passing) : Failpoint.NONE;
  }

  static SimulatedFault none() {
    return new SimulatedFault(Kind.NOTHING, Point.FETCH, 0);
  }

  /**
   * Draws one of the possible troubles.
   *
   * @param mirrored true if there is a mirror
   * @param sleeps true if a process may be fenced before it has ended
   */
  static SimulatedFault random(Random random, boolean mirrored, boolean sleeps) {
    int passing = 1 + random.nextInt(random.nextBoolean() ? 3 : 12);
    Point any =
        mirrored && random.nextBoolean()
            ? pick(random, OF_THE_MIRROR)
            : pick(random, WITHOUT_MIRROR);
    boolean atMirror = OF_THE_MIRROR.contains(any);
    return switch (random.nextInt(11)) {
      case 0 -> none();
      case 1 -> new SimulatedFault(Kind.STORE_ERROR, pick(random, STORE_ERRORS), passing);
      case 2 -> new SimulatedFault(Kind.LOST_REPLY, answered(random, atMirror), passing);
      case 3 -> new SimulatedFault(Kind.DRAIN, any, passing);
      case 4 -> new SimulatedFault(Kind.CLOSE, any, passing);
      case 5 ->
          new SimulatedFault(
              Kind.REFUSAL, atMirror ? Point.MIRRORING : Point.BEFORE_COMMIT, passing);
      case 6, 7 -> new SimulatedFault(sleeps ? Kind.SLEEP : Kind.CRASH, any, passing);
      default -> new SimulatedFault(Kind.CRASH, any, passing);
    };
  }

  private static Point answered(Random random, boolean atMirror) {
    if (atMirror) {
      return random.nextBoolean() ? Point.MIRRORING : Point.PUBLISHING;
    }
    return random.nextInt(3) == 0 ? Point.AFTER_REWIND : Point.AFTER_COMMIT;
  }

  private static <T> T pick(Random random, List<T> from) {
    return from.get(random.nextInt(from.size()));
  }

  Kind kind() {
    return kind;
  }

  /** Sets the action that drains or closes the lane. */
  void acting(Runnable drainOrClose) {
    action = drainOrClose;
  }

  boolean hasHappened() {
    return happened || (crash instanceof CrashFailpoint crashes && crashes.hasHappened());
  }

  /** The point at which this has failed the process; empty if it has not. */
  Optional<Point> struck() {
    boolean fails =
        switch (kind) {
          case CRASH, STORE_ERROR, LOST_REPLY, REFUSAL -> true;
          case NOTHING, DRAIN, CLOSE, SLEEP -> false;
        };
    return fails && hasHappened() ? Optional.of(point) : Optional.empty();
  }

  boolean isAsleep() {
    return asleep.getCount() == 0;
  }

  /** Lets the process go on. */
  void wake() {
    awake.countDown();
  }

  /** Stops the calling thread: nothing of a sleeping process goes on. */
  private void sleep() {
    try {
      awake.await();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void reached(Point at, long number) {
    crash.reached(at, number);
    if (kind == Kind.SLEEP && isAsleep()) {
      sleep();
    }
    if (kind == Kind.NOTHING || kind == Kind.CRASH || at != point) {
      return;
    }
    int count = passings.incrementAndGet();
    if (count == passing || (kind == Kind.REFUSAL && count > passing + 1)) {
      happened = true;
      MillraceException error = meet(number);
      if (error != null) {
        throw error;
      }
    }
  }

  private @Nullable MillraceException meet(long number) {
    return switch (kind) {
      case STORE_ERROR ->
          new MillraceException(Remedy.RETRY, "store is away for a moment: commit=" + number);
      case REFUSAL ->
          new MillraceException(
              point == Point.MIRRORING ? Remedy.FIX_SETUP : Remedy.FIX_HANDLER,
              "group is refused: number=" + number);
      case LOST_REPLY -> new MillraceException(Remedy.RETRY, "reply was lost: commit=" + number);
      case DRAIN, CLOSE -> {
        Thread.ofVirtual().start(action);
        yield null;
      }
      case SLEEP -> {
        asleep.countDown();
        sleep();
        yield null;
      }
      case NOTHING, CRASH -> null;
    };
  }

  @Override
  public String toString() {
    return kind == Kind.NOTHING
        ? "nothing"
        : "%s at passing %d of %s".formatted(kind, passing, point);
  }
}
