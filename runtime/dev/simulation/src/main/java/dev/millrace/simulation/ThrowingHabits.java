package dev.millrace.simulation;

import static dev.millrace.simulation.HandlerHabit.fatal;
import static dev.millrace.simulation.HandlerHabit.harmless;
import static dev.millrace.simulation.HandlerMoment.sneak;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.io.IOException;
import java.util.List;

/** Ways in which handlers throw. */
final class ThrowingHabits {
  private ThrowingHabits() {}

  static final List<HandlerHabit> ALL =
      List.of(
          fatal(
              "throws an exception",
              _ -> {
                throw new IllegalStateException("no");
              }),
          fatal(
              "throws a checked exception",
              _ -> {
                throw new IOException("no");
              }),
          fatal(
              "throws a Throwable past its signature",
              _ -> {
                throw sneak(new Throwable("no"));
              }),
          fatal(
              "throws an exception without a message",
              _ -> {
                throw new IllegalStateException();
              }),
          fatal(
              "throws null",
              _ -> {
                throw none();
              }),
          fatal(
              "asserts what is not so",
              _ -> {
                throw new AssertionError("no");
              }),
          fatal("recurses without end", _ -> recurse(0)),
          fatal(
              "recurses without end and calls that an exception",
              _ -> {
                try {
                  recurse(0);
                } catch (StackOverflowError deep) {
                  throw new IllegalStateException("too deep", deep);
                }
              }),
          fatal(
              "lacks a class",
              _ -> {
                throw new NoClassDefFoundError("org/example/Missing");
              }),
          fatal("fails to initialize a class", _ -> Broken.touch()),
          fatal(
              "throws an InterruptedException of its own",
              _ -> {
                throw new InterruptedException("no");
              }),
          fatal(
              "throws what cannot be described",
              _ -> {
                throw new Indescribable();
              }),
          fatal(
              "throws what has no stack trace",
              _ -> {
                throw new Traceless();
              }),
          fatal(
              "throws what hides its stack trace",
              _ -> {
                throw new Hidden();
              }),
          fatal(
              "throws what was suppressed by itself",
              _ -> {
                IllegalStateException one = new IllegalStateException("one");
                IllegalStateException other = new IllegalStateException("other", one);
                one.addSuppressed(other);
                other.addSuppressed(one);
                throw one;
              }),
          fatal(
              "throws what caused itself",
              _ -> {
                throw new SelfCaused();
              }),
          fatal(
              "throws a remedy that is worth a retry",
              _ -> {
                throw new MillraceException(Remedy.RETRY, "try me again");
              }),
          fatal(
              "throws a huge message",
              _ -> {
                throw new IllegalStateException("no! ".repeat(1_000_000));
              }),
          harmless(
              "catches what it throws",
              at -> {
                try {
                  recurse(0);
                } catch (StackOverflowError expected) {
                  at.state().counter.incrementAndGet();
                }
              }));

  @SuppressWarnings("NullAway") // the mistake is the point
  private static RuntimeException none() {
    return null;
  }

  @SuppressWarnings("InfiniteRecursion") // as above
  private static long recurse(long depth) {
    return recurse(depth + 1) + depth;
  }

  /** Fails in its initializer at first, and is not found after that. */
  private static final class Broken {
    private static final long VALUE = Long.parseLong("none");

    static long touch() {
      return VALUE;
    }
  }

  @SuppressWarnings("serial")
  private static final class Indescribable extends RuntimeException {
    @Override
    public String getMessage() {
      throw new IllegalStateException("no message");
    }

    @Override
    public String toString() {
      throw new IllegalStateException("no description");
    }
  }

  @SuppressWarnings("serial")
  private static final class Traceless extends RuntimeException {
    private Traceless() {
      super("traceless", null, false, false);
    }
  }

  @SuppressWarnings("serial")
  private static final class Hidden extends RuntimeException {
    @Override
    @SuppressWarnings("NullAway") // the mistake is the point
    public StackTraceElement[] getStackTrace() {
      return null;
    }
  }

  @SuppressWarnings("serial")
  private static final class SelfCaused extends RuntimeException {
    @Override
    public synchronized Throwable getCause() {
      return this;
    }
  }
}
