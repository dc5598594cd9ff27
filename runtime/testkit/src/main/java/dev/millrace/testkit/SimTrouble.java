package dev.millrace.testkit;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Probe;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** What befalls one simulated process: at most one thing, at one passing of one point. */
final class SimTrouble implements Probe {
  enum Kind {
    NOTHING,
    /** The process dies. */
    CRASH,
    /** The store fails once and would not fail again. */
    STORE_ERROR,
    /** The store has done it, and the answer is lost. */
    LOST_REPLY,
    /** The process is asked to end. */
    DRAIN,
    /** The process is told to end at once. */
    CLOSE
  }

  private static final Point[] CRASHES = Point.values();
  private static final Point[] STORE_ERRORS = {
    Point.BEFORE_BEGIN,
    Point.DURING_COPY,
    Point.AFTER_COPY,
    Point.BEFORE_COMMIT,
    Point.BUILDING_INDEX,
    Point.REWINDING
  };

  private final Kind kind;
  private final Point point;
  private final int passing;
  private final AtomicInteger passings = new AtomicInteger();
  private final Probe crash;
  private volatile boolean happened;
  private volatile Runnable action = () -> {};

  private SimTrouble(Kind kind, Point point, int passing) {
    this.kind = kind;
    this.point = point;
    this.passing = passing;
    this.crash = kind == Kind.CRASH ? Crashes.at(point, passing) : Probe.NONE;
  }

  static SimTrouble none() {
    return new SimTrouble(Kind.NOTHING, Point.FETCH, 0);
  }

  static SimTrouble random(Random random) {
    int passing = 1 + random.nextInt(random.nextBoolean() ? 3 : 12);
    return switch (random.nextInt(10)) {
      case 0 -> none();
      case 1 -> new SimTrouble(Kind.STORE_ERROR, pick(random, STORE_ERRORS), passing);
      case 2 ->
          new SimTrouble(
              Kind.LOST_REPLY,
              random.nextInt(3) == 0 ? Point.AFTER_REWIND : Point.AFTER_COMMIT,
              passing);
      case 3 -> new SimTrouble(Kind.DRAIN, pick(random, CRASHES), passing);
      case 4 -> new SimTrouble(Kind.CLOSE, pick(random, CRASHES), passing);
      default -> new SimTrouble(Kind.CRASH, pick(random, CRASHES), passing);
    };
  }

  private static Point pick(Random random, Point[] points) {
    return points[random.nextInt(points.length)];
  }

  Kind kind() {
    return kind;
  }

  /** What drains or closes the lane. */
  void acting(Runnable drainOrClose) {
    action = drainOrClose;
  }

  boolean hasHappened() {
    return happened || (crash instanceof Crashes crashes && crashes.hasHappened());
  }

  @Override
  public void pass(Point at, long number) {
    crash.pass(at, number);
    if (kind == Kind.NOTHING || kind == Kind.CRASH || at != point) {
      return;
    }
    if (passings.incrementAndGet() == passing) {
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
      case LOST_REPLY -> new MillraceException(Remedy.RETRY, "reply was lost: commit=" + number);
      case DRAIN, CLOSE -> {
        Thread.ofVirtual().start(action);
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
