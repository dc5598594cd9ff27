package dev.millrace.simulation;

import static dev.millrace.simulation.HandlerHabit.doubtful;
import static dev.millrace.simulation.HandlerHabit.fatal;
import static dev.millrace.simulation.HandlerHabit.harmless;

import dev.millrace.loaders.Address;
import dev.millrace.pipeline.Context;
import dev.millrace.simulation.SimulatedRows.Account;
import dev.millrace.simulation.SimulatedRows.Item;
import dev.millrace.simulation.SimulatedRows.Kind;
import java.math.BigInteger;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** Habits of handlers in the use of their Context. */
final class ContextHabits {
  private static final Address UNKNOWN_ADDRESS = Address.of("0x" + "ff".repeat(20));

  /** Longer than a preload waits for a task that stands still. */
  private static final long LONG_NANOS = 25_000_000;

  private ContextHabits() {}

  static final List<HandlerHabit> ALL =
      List.of(
          doubtful(
              "leaves the thread interrupted",
              at -> {
                if (!at.isSerial()) {
                  Thread.currentThread().interrupt();
                }
              }),
          harmless(
              "clears the interrupt of its thread",
              at -> {
                if (!at.isSerial() && Thread.interrupted()) {
                  at.state().counter.incrementAndGet();
                }
              }),
          harmless(
              "dawdles before it reads",
              at -> {
                LockSupport.parkNanos(LONG_NANOS);
                find(at, address(at));
              }),
          harmless(
              "swallows what a read throws",
              at -> {
                try {
                  find(at, address(at));
                } catch (Throwable hidden) {
                  at.state().counter.incrementAndGet();
                }
              }),
          harmless(
              "swallows what anything throws and goes on",
              at -> {
                for (int i = 0; i < 20; i++) {
                  try {
                    transfer(at, address(at));
                  } catch (Throwable hidden) {
                    at.state().counter.incrementAndGet();
                  }
                }
              }),
          harmless(
              "tries a read until it works",
              at -> {
                boolean read = false;
                while (!read) {
                  try {
                    find(at, address(at));
                    read = true;
                  } catch (Throwable hidden) {
                    at.state().counter.incrementAndGet();
                  }
                }
              }),
          harmless(
              "reads under a lock of its own",
              at -> {
                at.state().lock.lock();
                try {
                  find(at, address(at));
                } finally {
                  at.state().lock.unlock();
                }
              }),
          doubtful(
              "keeps what it read in a HashMap",
              at -> at.state().memo.computeIfAbsent(genesis(at), id -> find(at, id))),
          harmless(
              "keeps what it read in a ConcurrentHashMap",
              at -> at.state().safeMemo.computeIfAbsent(genesis(at), id -> find(at, id))),
          fatal(
              "hides that a row is missing",
              at -> {
                try {
                  at.context().require(Account.class, UNKNOWN_ADDRESS);
                } catch (Throwable hidden) {
                  transfer(at, address(at));
                }
              }),
          fatal(
              "hides that an id is wrong",
              at -> {
                try {
                  at.context().delete(Account.class, "no address", 7);
                } catch (RuntimeException hidden) {
                  transfer(at, address(at));
                }
              }),
          fatal(
              "hides that a limit is wrong",
              at -> {
                try {
                  at.context().query(Item.class).limit(0).list();
                } catch (RuntimeException hidden) {
                  transfer(at, address(at));
                }
              }),
          fatal(
              "hides that an entity is unknown",
              at -> {
                try {
                  at.context().save("no entity");
                } catch (RuntimeException hidden) {
                  transfer(at, address(at));
                }
              }),
          harmless(
              "deletes what it has just saved",
              at -> {
                transfer(at, address(at));
                Address gone = address(at);
                transfer(at, gone);
                at.context().delete(Account.class, gone);
                find(at, gone);
              }),
          harmless(
              "writes rows of the query that it reads",
              at -> {
                for (Item item :
                    at.context().query(Item.class).where(Item::level).below(9L).limit(3).list()) {
                  at.context()
                      .save(
                          new Item(
                              item.name(), item.part(), "z", null, item.level() + 1, Kind.OPAL));
                  at.context().query(Item.class).where(Item::owner).is("z").limit(2).list();
                  at.context().delete(Item.class, item.name(), 1 - item.part());
                }
              }));

  private static java.util.Optional<Account> find(HandlerMoment at, Address id) {
    return at.context().find(Account.class, id);
  }

  private static Address address(HandlerMoment at) {
    return Address.of("0x%040x".formatted(at.dice().nextInt(30)));
  }

  /** Returns the id of a row that never changes, so that it may be cached. */
  private static Address genesis(HandlerMoment at) {
    return Address.of("0x%040x".formatted(0xF000 + at.dice().nextInt(8)));
  }

  private static void transfer(HandlerMoment at, Address id) {
    Context context = at.context();
    Account account =
        context.find(Account.class, id).orElseGet(() -> new Account(id, BigInteger.ZERO, 0, null));
    context.save(
        new Account(id, account.balance().add(BigInteger.TEN), account.moves() + 1, "habit"));
  }
}
