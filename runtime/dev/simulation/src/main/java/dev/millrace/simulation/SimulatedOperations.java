package dev.millrace.simulation;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.QueryBuilder;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.Effect;
import dev.millrace.simulation.SimulatedRows.Account;
import dev.millrace.simulation.SimulatedRows.Item;
import dev.millrace.simulation.SimulatedRows.Kind;
import dev.millrace.simulation.SimulatedRows.Spot;
import dev.millrace.simulation.SimulatedRows.Trace;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The moves of one simulated event. After every read the random numbers are reseeded with the
 * result, so a wrong answer changes everything that follows.
 */
final class SimulatedOperations {
  /** One action of a program. */
  @FunctionalInterface
  interface Move {
    void make(SimulatedOperations at);
  }

  static final List<Move> ALL =
      List.of(
          SimulatedOperations::findAccount,
          SimulatedOperations::transfer,
          SimulatedOperations::transfer,
          SimulatedOperations::hotCount,
          SimulatedOperations::deleteAccount,
          SimulatedOperations::findItem,
          SimulatedOperations::saveItem,
          SimulatedOperations::saveItem,
          SimulatedOperations::deleteItem,
          SimulatedOperations::itemsOfOwner,
          SimulatedOperations::itemsOfOwners,
          SimulatedOperations::itemsInRange,
          SimulatedOperations::itemsOfOwnerAndLevel,
          SimulatedOperations::dearestItems,
          SimulatedOperations::moveItems,
          SimulatedOperations::dropItems,
          SimulatedOperations::recreateItem,
          SimulatedOperations::saveSpot,
          SimulatedOperations::deleteSpot,
          SimulatedOperations::spotsByZone,
          SimulatedOperations::spotsBySeen,
          SimulatedOperations::spotsByWeight,
          SimulatedOperations::tracesOfZone,
          SimulatedOperations::latestTraces,
          SimulatedOperations::askOutside,
          SimulatedOperations::askOnce,
          SimulatedOperations::triggerJobs,
          SimulatedOperations::triggerJobs,
          SimulatedOperations::catchOwnError,
          SimulatedOperations::dawdle);

  /** A read while a handler's own lock is held: uses up a preload's patience. */
  static final Move UNDER_A_LOCK = SimulatedOperations::findUnderLock;

  private static final Object LOCK = new Object();
  private static final String[] TEXTS = {"", "a", "é", "\uFFFD", "😀", "\\N", "a\tb\n", "zone"};
  private static final String[] PRICES = {"0", "-0.0", "1.5", "1.500", "99.999999", "1E+3", "-7"};
  private static final double[] WEIGHTS = {0.0, -0.0, 1.5, Double.NaN, Double.NEGATIVE_INFINITY};

  private final Context context;
  private final SimSpread spread;
  private final Effect<Long, Long> outside;
  private final Effect<String, String> once;
  private final long seed;
  private final Random random;
  private long digest;

  SimulatedOperations(
      Context context,
      SimSpread spread,
      Effect<Long, Long> outside,
      Effect<String, String> once,
      long seed) {
    this.context = context;
    this.spread = spread;
    this.outside = outside;
    this.once = once;
    this.seed = seed;
    this.random = new Random(seed);
  }

  /** Number of different ids that programs of a seed use, so that some are hot and some are not. */
  record SimSpread(int accounts, int items, int spots) {}

  void make(List<Move> moves, EventId id) {
    for (Move move : moves) {
      move.make(this);
    }
    context.save(new Trace(id, pick(TEXTS), digest));
  }

  private void see(int what) {
    digest = digest * 31 + what;
    random.setSeed(seed ^ (digest * 0x9E3779B97F4A7C15L));
  }

  private void seeRow(@Nullable Object row) {
    see(
        switch (row) {
          case null -> 7;
          case Account account -> account.digest();
          case Item item -> item.digest();
          case Spot spot -> spot.digest();
          case Trace trace -> trace.digestOfRow();
          default -> row.hashCode();
        });
  }

  private <E> List<E> seeAll(List<E> rows) {
    see(rows.size());
    rows.forEach(this::seeRow);
    return rows;
  }

  private <E> Optional<E> seeOne(Optional<E> row) {
    seeRow(row.orElse(null));
    return row;
  }

  private <T> T pick(T[] values) {
    return values[random.nextInt(values.length)];
  }

  private boolean chance(int in) {
    return random.nextInt(in) == 0;
  }

  private Address address() {
    return Address.of("0x%040x".formatted(random.nextInt(spread.accounts)));
  }

  private Optional<Account> account(Address address) {
    return seeOne(context.find(Account.class, address));
  }

  private void findAccount() {
    account(address());
  }

  private void transfer() {
    move(address(), BigInteger.valueOf(random.nextInt(1_000)).negate());
    move(address(), BigInteger.TWO.pow(random.nextInt(200)));
  }

  private void hotCount() {
    Address hot = Address.of("0x" + "00".repeat(20));
    move(hot, BigInteger.ONE);
  }

  private void move(Address address, BigInteger amount) {
    Account account =
        account(address).orElseGet(() -> new Account(address, BigInteger.ZERO, 0, null));
    context.save(
        new Account(
            address,
            account.balance().add(amount),
            account.moves() + 1,
            chance(3) ? null : pick(TEXTS)));
  }

  private void deleteAccount() {
    Address address = address();
    if (chance(2)) {
      account(address);
    }
    context.delete(Account.class, address);
  }

  private String itemName() {
    return TEXTS[random.nextInt(4)] + random.nextInt(spread.items);
  }

  private @Nullable BigDecimal price() {
    return chance(4) ? null : new BigDecimal(pick(PRICES));
  }

  private Kind kind() {
    return chance(2) ? Kind.ZINC : chance(2) ? Kind.AMBER : Kind.OPAL;
  }

  private void findItem() {
    seeOne(context.find(Item.class, itemName(), random.nextInt(2)));
  }

  private void saveItem() {
    String name = itemName();
    int part = random.nextInt(2);
    if (chance(2)) {
      seeOne(context.find(Item.class, name, part));
    }
    context.save(new Item(name, part, pick(TEXTS), price(), random.nextInt(6), kind()));
  }

  private void deleteItem() {
    context.delete(Item.class, itemName(), random.nextInt(2));
  }

  private void recreateItem() {
    String name = itemName();
    context.delete(Item.class, name, 0);
    if (chance(2)) {
      seeOne(context.find(Item.class, name, 0));
    }
    context.save(new Item(name, 0, pick(TEXTS), price(), random.nextInt(6), kind()));
  }

  private void itemsOfOwner() {
    seeAll(context.query(Item.class).where(Item::owner).is(pick(TEXTS)).list());
  }

  private void itemsOfOwners() {
    seeAll(
        context
            .query(Item.class)
            .where(Item::owner)
            .in(pick(TEXTS), pick(TEXTS))
            .orderByDescending(Item::price)
            .list());
  }

  private void itemsInRange() {
    QueryBuilder.Where<Item, Long> level = context.query(Item.class).where(Item::level);
    long bound = random.nextInt(6);
    QueryBuilder<Item> asked =
        switch (random.nextInt(4)) {
          case 0 -> level.above(bound);
          case 1 -> level.atLeast(bound);
          case 2 -> level.below(bound);
          default -> level.atMost(bound);
        };
    seeAll(chance(2) ? asked.list() : asked.limit(1 + random.nextInt(3)).list());
  }

  private void itemsOfOwnerAndLevel() {
    seeAll(
        context
            .query(Item.class)
            .where(Item::owner)
            .is(pick(TEXTS))
            .and(Item::level)
            .atLeast((long) random.nextInt(6))
            .and(Item::kind)
            .atMost(kind())
            .list());
  }

  private void dearestItems() {
    seeAll(
        context
            .query(Item.class)
            .where(Item::price)
            .atMost(new BigDecimal(pick(PRICES)))
            .orderByDescending(Item::price)
            .orderBy(Item::owner)
            .limit(1 + random.nextInt(4))
            .list());
  }

  /** Moves rows out of one query result and into another. */
  private void moveItems() {
    String to = pick(TEXTS);
    for (Item item :
        seeAll(context.query(Item.class).where(Item::owner).is(pick(TEXTS)).limit(2).list())) {
      context.save(
          new Item(item.name(), item.part(), to, item.price(), item.level() + 1, item.kind()));
    }
  }

  private void dropItems() {
    seeOne(context.query(Item.class).where(Item::level).above(3L).first())
        .ifPresent(item -> context.delete(Item.class, item.name(), item.part()));
  }

  private long spotId() {
    return random.nextInt(spread.spots) - 3L;
  }

  private void saveSpot() {
    long id = spotId();
    if (chance(2)) {
      seeOne(context.find(Spot.class, id));
    }
    context.save(
        new Spot(
            id,
            pick(TEXTS),
            chance(3) ? null : instant(),
            WEIGHTS[random.nextInt(WEIGHTS.length)],
            List.of(pick(TEXTS), pick(TEXTS)).subList(0, random.nextInt(3))));
  }

  private Instant instant() {
    return Instant.ofEpochSecond(random.nextInt(3) - 1, random.nextInt(3) * 333_333_333L);
  }

  private void deleteSpot() {
    context.delete(Spot.class, spotId());
  }

  private void spotsByZone() {
    seeAll(
        context
            .query(Spot.class)
            .where(Spot::zone)
            .above(pick(TEXTS))
            .orderBy(Spot::seen)
            .limit(5)
            .list());
  }

  private void spotsBySeen() {
    seeAll(context.query(Spot.class).where(Spot::seen).atMost(instant()).list());
  }

  private void spotsByWeight() {
    seeAll(
        context
            .query(Spot.class)
            .where(Spot::weight)
            .is(WEIGHTS[random.nextInt(WEIGHTS.length)])
            .list());
  }

  private void tracesOfZone() {
    seeAll(context.query(Trace.class).where(Trace::zone).is(pick(TEXTS)).limit(10).list());
  }

  private void latestTraces() {
    seeAll(context.query(Trace.class).orderByDescending(Trace::id).limit(3).list());
  }

  private void askOutside() {
    seeRow(context.effect(outside, (long) random.nextInt(5)));
  }

  private void askOnce() {
    seeRow(context.effect(once, pick(TEXTS)));
  }

  private void triggerJobs() {
    for (int i = random.nextInt(3); i >= 0; i--) {
      context.trigger(chance(2) ? SimulatedJob.FINALIZED : SimulatedJob.COMMITTED, digest + i);
    }
  }

  private void catchOwnError() {
    try {
      if (account(address()).isEmpty()) {
        throw new IllegalStateException("no such account");
      }
    } catch (IllegalStateException expected) {
      see(String.valueOf(expected.getMessage()).length());
    }
  }

  private void dawdle() {
    LockSupport.parkNanos(random.nextInt(100_000));
  }

  private void findUnderLock() {
    synchronized (LOCK) {
      account(address());
    }
  }
}
