package dev.millrace.simulation;

import static dev.millrace.simulation.HandlerHabit.doubtful;
import static dev.millrace.simulation.HandlerHabit.fatal;
import static dev.millrace.simulation.HandlerHabit.harmless;

import dev.millrace.loaders.Address;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.Effect;
import dev.millrace.simulation.SimulatedRows.Account;
import java.io.IOException;
import java.math.BigInteger;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;

/** Habits of handlers in the use of effects, and of the services that answer. */
final class EffectHabits {
  private static final long SLOW_NANOS = 3_000_000;

  /** Longer than a preload waits for a task that stands still. */
  private static final long LATE_NANOS = 40_000_000;

  private static final Duration PATIENCE = Duration.ofMillis(20);
  private static final int HUGE = 3_000_000;

  private EffectHabits() {}

  /** The effects that a program defines, each created once per process. */
  static final class Definitions {
    private final Map<Long, Integer> calls = new ConcurrentHashMap<>();

    private final Effect<Long, Long> twice = effect("twin", in -> in * 2);
    private final Effect<Long, Long> thrice = effect("twin", in -> in * 3);
    private final Effect<Long, Long> slow =
        effect(
            "slow",
            in -> {
              LockSupport.parkNanos(SLOW_NANOS);
              return in + 1;
            });
    private final Effect<Long, Long> late =
        effect(
            "late",
            in -> {
              long until = System.nanoTime() + LATE_NANOS; // despite interrupts
              while (System.nanoTime() - until < 0) {
                LockSupport.parkNanos(LATE_NANOS / 8);
                if (Thread.interrupted()) {
                  Thread.onSpinWait();
                }
              }
              return in + 9;
            });
    private final Effect<Long, Long> hanging;
    private final Effect<Long, Long> interrupted;
    private final Effect<Long, Long> flaky;
    private final Effect<Long, Long> broken =
        effect(
            "broken",
            _ -> {
              throw new IllegalStateException("no answer");
            });
    private final Effect<Long, Long> asserting =
        effect(
            "asserting",
            _ -> {
              throw new AssertionError("no answer");
            });

    @SuppressWarnings("NullAway") // the mistake is the point
    private final Effect<Long, Long> nothing = effect("nothing", _ -> null);

    private final Effect<Long, String> huge =
        Effect.of("huge", Long.class, String.class, in -> ("" + in % 10).repeat(HUGE)).persisted();
    private final Effect<String, Long> named =
        Effect.of("named", String.class, Long.class, in -> (long) in.length());

    /** {@code calm} means that no outside service fails. */
    Definitions(boolean calm) {
      interrupted =
          effect(
              "interrupted",
              in -> {
                if (!calm) {
                  Thread.currentThread().interrupt();
                }
                return in + 2;
              });
      hanging =
          effect(
                  "hanging",
                  in -> {
                    if (!calm) {
                      new CountDownLatch(1).await();
                    }
                    return in;
                  })
              .patience(PATIENCE);
      flaky =
          effect(
              "flaky",
              in -> {
                if (!calm && calls.merge(in, 1, Integer::sum) <= in % 3) {
                  throw new IOException("service is away: input=" + in);
                }
                return in * 5;
              });
    }

    private static Effect<Long, Long> effect(String name, Effect.Call<Long, Long> call) {
      return Effect.of(name, Long.class, Long.class, call);
    }
  }

  /** The failure asks for a restart, as the service may answer then. */
  static final HandlerHabit HANGING =
      fatal("asks what never answers", at -> keep(at, ask(at, at.state().effects.hanging)));

  static final List<HandlerHabit> ALL =
      List.of(
          harmless("asks what takes long", at -> keep(at, ask(at, at.state().effects.slow))),
          harmless("asks what answers late", at -> keep(at, ask(at, at.state().effects.late))),
          HANGING,
          harmless(
              "asks what interrupts itself",
              at -> keep(at, ask(at, at.state().effects.interrupted))),
          harmless("asks what is away at first", at -> keep(at, ask(at, at.state().effects.flaky))),
          harmless(
              "asks for a huge answer",
              at -> {
                String answer = at.context().effect(at.state().effects.huge, input(at) % 3);
                keep(at, answer.hashCode());
              }),
          fatal("asks what always throws", at -> keep(at, ask(at, at.state().effects.broken))),
          fatal(
              "asks what always throws, and hides it",
              at -> {
                try {
                  ask(at, at.state().effects.broken);
                } catch (Throwable hidden) {
                  keep(at, 0);
                }
              }),
          fatal("asks what throws an error", at -> keep(at, ask(at, at.state().effects.asserting))),
          fatal("asks what answers null", at -> keep(at, ask(at, at.state().effects.nothing))),
          fatal(
              "asks with text that nothing can store",
              at -> at.context().effect(at.state().effects.named, "a\0b")),
          fatal("asks with nothing", EffectHabits::askWithNull),
          fatal(
              "asks two effects of one name",
              at -> {
                keep(at, ask(at, at.state().effects.twice));
                keep(at, ask(at, at.state().effects.thrice));
              }),
          fatal(
              "uses its Context in an effect",
              at -> {
                Context context = at.context();
                Effect<Long, Long> nosy =
                    Definitions.effect(
                        "nosy",
                        in -> context.find(Account.class, id(in)).map(Account::moves).orElse(in));
                keep(at, at.context().effect(nosy, (long) at.dice().nextInt()));
              }),
          doubtful(
              "defines an effect at every call",
              at -> keep(at, ask(at, Definitions.effect("fresh", in -> in + 3)))));

  private static long ask(HandlerMoment at, Effect<Long, Long> effect) {
    return at.context().effect(effect, input(at));
  }

  private static long input(HandlerMoment at) {
    return at.dice().nextInt(6);
  }

  @SuppressWarnings("NullAway") // the mistake is the point
  private static void askWithNull(HandlerMoment at) {
    at.context().effect(at.state().effects.named, null);
  }

  private static Address id(long number) {
    return Address.of("0x%040x".formatted(0xE000 + Math.floorMod(number, 8)));
  }

  /** Saves the answer. */
  private static void keep(HandlerMoment at, long answer) {
    at.context()
        .save(new Account(id(at.id().value()), BigInteger.valueOf(answer), answer, "answer"));
  }
}
