package dev.millrace.scenarios;

import dev.millrace.evm.Event;
import dev.millrace.evm.Evm;
import dev.millrace.evm.EvmContext;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.Index;
import dev.millrace.pipeline.Indexer;
import java.math.BigInteger;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/**
 * An exchange: a factory creates pools of two tokens each, and swaps move their reserves.
 *
 * <p>Pools are followed from the log that creates them. The totals of a token over its pools are
 * summed anew by queries after every change, never carried on, so that a read which misses a pool
 * or a reserve leaves a wrong number behind.
 */
public final class Amm {

  @Event("PoolCreated(address indexed token0, address indexed token1, address pool)")
  public record PoolCreated(Address token0, Address token1, Address pool) {}

  @Event("Sync(uint112 reserve0, uint112 reserve1)")
  public record Synced(BigInteger reserve0, BigInteger reserve1) {}

  @Event(
      "Swap(address indexed sender, uint256 amount0In, uint256 amount1In, uint256 amount0Out,"
          + " uint256 amount1Out, address indexed to)")
  public record Swapped(
      Address sender,
      BigInteger amount0In,
      BigInteger amount1In,
      BigInteger amount0Out,
      BigInteger amount1Out,
      Address to) {}

  @Entity
  public record Pool(
      @Id Address address,
      @Index Address token0,
      @Index Address token1,
      BigInteger reserve0,
      BigInteger reserve1,
      long swaps) {
    Pool holding(BigInteger first, BigInteger second) {
      return new Pool(address, token0, token1, first, second, swaps);
    }

    Pool swapped() {
      return new Pool(address, token0, token1, reserve0, reserve1, swaps + 1);
    }
  }

  /** The reserves of a token in all its pools, and its volume through them. */
  @Entity
  public record Token(@Id Address address, long pools, BigInteger reserves, BigInteger volume) {}

  /**
   * The volume through a pool within an hour, both ways, and its reserves at the end of the hour.
   */
  @Entity
  public record PoolHour(
      @Id Address pool,
      @Id Instant hour,
      long swaps,
      BigInteger volume0,
      BigInteger volume1,
      BigInteger reserve0,
      BigInteger reserve1) {}

  @Entity(immutable = true)
  public record Trade(
      @Id EventId id,
      @Index Address pool,
      Address sender,
      Address to,
      BigInteger net0,
      BigInteger net1) {}

  static Indexer indexer() {
    return Evm.indexer("amm")
        .entities(Pool.class, Token.class, PoolHour.class, Trade.class)
        .contract("Factory", factory -> factory.on(PoolCreated.class, Amm::created))
        .contract(
            "Pool",
            pool ->
                pool.createdBy(PoolCreated.class, PoolCreated::pool)
                    .on(Synced.class, Amm::synced)
                    .on(Swapped.class, Amm::swapped))
        .build();
  }

  private static void created(PoolCreated event, EvmContext context) {
    context.save(
        new Pool(
            event.pool(), event.token0(), event.token1(), BigInteger.ZERO, BigInteger.ZERO, 0));
    count(context, event.token0(), BigInteger.ZERO);
    count(context, event.token1(), BigInteger.ZERO);
  }

  private static void synced(Synced event, EvmContext context) {
    Pool pool = context.require(Pool.class, context.contract());
    context.save(pool.holding(event.reserve0(), event.reserve1()));
    count(context, pool.token0(), BigInteger.ZERO);
    count(context, pool.token1(), BigInteger.ZERO);
  }

  private static void swapped(Swapped event, EvmContext context) {
    Pool pool = context.require(Pool.class, context.contract()).swapped();
    BigInteger volume0 = event.amount0In().add(event.amount0Out());
    BigInteger volume1 = event.amount1In().add(event.amount1Out());
    context.save(pool);
    context.save(
        new Trade(
            context.eventId(),
            pool.address(),
            event.sender(),
            event.to(),
            event.amount0In().subtract(event.amount0Out()),
            event.amount1In().subtract(event.amount1Out())));
    hour(context, pool, volume0, volume1);
    count(context, pool.token0(), volume0);
    count(context, pool.token1(), volume1);
  }

  private static void hour(EvmContext context, Pool pool, BigInteger volume0, BigInteger volume1) {
    Instant hour = context.block().timestamp().truncatedTo(ChronoUnit.HOURS);
    PoolHour before =
        context
            .find(PoolHour.class, pool.address(), hour)
            .orElseGet(() ->
                new PoolHour(
                    pool.address(),
                    hour,
                    0,
                    BigInteger.ZERO,
                    BigInteger.ZERO,
                    BigInteger.ZERO,
                    BigInteger.ZERO));
    context.save(
        new PoolHour(
            pool.address(),
            hour,
            before.swaps() + 1,
            before.volume0().add(volume0),
            before.volume1().add(volume1),
            pool.reserve0(),
            pool.reserve1()));
  }

  /** Recomputes the totals of a token from all its pools. */
  private static void count(EvmContext context, Address token, BigInteger moved) {
    List<Pool> first = context.query(Pool.class).where(Pool::token0).is(token).list();
    List<Pool> second = context.query(Pool.class).where(Pool::token1).is(token).list();
    BigInteger reserves = BigInteger.ZERO;
    for (Pool pool : first) {
      reserves = reserves.add(pool.reserve0());
    }
    for (Pool pool : second) {
      reserves = reserves.add(pool.reserve1());
    }
    BigInteger volume =
        context.find(Token.class, token).map(Token::volume).orElse(BigInteger.ZERO).add(moved);
    context.save(new Token(token, first.size() + second.size(), reserves, volume));
  }
}
