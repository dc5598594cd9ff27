package dev.millrace.simulation;

import static dev.millrace.simulation.HandlerHabit.doubtful;
import static dev.millrace.simulation.HandlerHabit.fatal;
import static dev.millrace.simulation.HandlerHabit.harmless;
import static dev.millrace.simulation.HandlerMoment.sneak;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.QueryBuilder;
import dev.millrace.pipeline.Context;
import dev.millrace.simulation.SimulatedRows.Account;
import dev.millrace.simulation.SimulatedRows.Item;
import java.math.BigInteger;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Habits of handlers in the use of other threads, and of Contexts that are not theirs. */
final class ThreadHabits {
  private static final Address ANY_ADDRESS = Address.of("0x" + "00".repeat(20));

  private ThreadHabits() {}

  /** The interrupt hits another event, or the lane between two events. */
  static final HandlerHabit LATE_INTERRUPT =
      doubtful(
          "is interrupted by another thread when it may have returned",
          at -> {
            if (!at.isSerial()) {
              Thread handling = Thread.currentThread();
              long pause = at.dice().nextInt(2_000_000);
              Thread.ofVirtual()
                  .name("people")
                  .start(() -> {
                    LockSupport.parkNanos(pause);
                    handling.interrupt();
                  });
            }
          });

  static final List<HandlerHabit> ALL =
      List.of(
          LATE_INTERRUPT,
          harmless(
              "computes on another thread and joins it",
              at -> {
                if (!at.isSerial()) {
                  at.state().counter.addAndGet(elsewhere(() -> 1L));
                }
              }),
          harmless(
              "computes in parallel",
              at ->
                  at.state()
                      .counter
                      .addAndGet(LongStream.range(0, 100).parallel().map(i -> i).sum())),
          fatal(
              "saves from another thread and hides what that throws",
              at -> {
                try {
                  elsewhere(() -> save(at.context()));
                } catch (Exception hidden) {
                  at.state().counter.incrementAndGet();
                }
              }),
          fatal("reads on another thread", at -> elsewhere(() -> read(at.context()))),
          fatal(
              "lists on another thread what it has selected on its own",
              at -> {
                QueryBuilder<Item> items = at.context().query(Item.class);
                try {
                  elsewhere(() -> (long) items.list().size());
                } catch (Exception hidden) {
                  at.state().counter.incrementAndGet();
                }
              }),
          doubtful(
              "keeps its Context for another thread",
              at -> {
                Context kept = at.state().kept.getAndSet(at.context());
                if (kept != null && !at.isSerial() && !isOf(kept, at)) {
                  mustRefuse(at, () -> elsewhere(() -> save(kept)));
                }
              }),
          doubtful(
              "keeps its Context for the next event",
              at -> {
                Context kept = at.state().kept.getAndSet(at.context());
                if (kept != null && !at.isSerial() && !isOf(kept, at)) {
                  mustRefuse(at, () -> save(kept));
                }
              }));

  /** True if {@code kept} is the Context of this call; preload and run have one each. */
  @SuppressWarnings("ReferenceEquality") // one object per call
  private static boolean isOf(Context kept, HandlerMoment at) {
    return kept == at.context();
  }

  /** A call on a Context. */
  @FunctionalInterface
  private interface Call {
    long call() throws Exception;
  }

  /** Checks that a Context refuses calls after its handler has returned: they would be lost. */
  private static void mustRefuse(HandlerMoment at, Call call) throws Exception {
    try {
      call.call();
      at.state().wrong("a Context took a call after its handler had returned");
    } catch (MillraceException expected) {
      at.state().counter.incrementAndGet();
    }
  }

  private static long save(Context context) {
    context.save(new Account(ANY_ADDRESS, BigInteger.ONE, 0, "stray"));
    return 1;
  }

  private static long read(Context context) {
    return context.find(Account.class, ANY_ADDRESS).map(Account::moves).orElse(0L);
  }

  /** Returns the result of a call on a thread of its own; throws what the call throws. */
  private static long elsewhere(Call call) throws Exception {
    FutureTask<@Nullable Long> task = new FutureTask<>(call::call);
    Thread.ofVirtual().name("people").start(task);
    try {
      Long result = task.get();
      return result == null ? 0 : result;
    } catch (ExecutionException failed) {
      Throwable cause = failed.getCause();
      throw sneak(cause == null ? failed : cause);
    }
  }
}
