package dev.millrace.scenarios;

import dev.millrace.devchain.DevChain;
import dev.millrace.evm.Log;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.EventId;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** The tables of the exchange, computed by a loop over the chain that uses no code of Millrace. */
final class AmmExpected {
  private static final int TRADE_TOPICS = 3;
  private static final long HOUR = 3_600;

  private final SortedMap<Address, Amm.Pool> pools = new TreeMap<>();
  private final SortedMap<Address, BigInteger> volumes = new TreeMap<>();
  private final SortedMap<String, Amm.PoolHour> hours = new TreeMap<>();
  private final List<Amm.Trade> trades = new ArrayList<>();

  private AmmExpected() {}

  static AmmExpected of(DevChain chain) {
    AmmExpected expected = new AmmExpected();
    for (long block = 0; block <= chain.head(); block++) {
      for (Log log : chain.logs(block)) {
        Amm.Pool pool = expected.pools.get(log.contract());
        if (log.contract().equals(DevChain.FACTORY)) {
          expected.create(log);
        } else if (pool != null) {
          expected.trade(pool, log);
        }
      }
    }
    return expected;
  }

  private void create(Log log) {
    Address first = topic(log, 1);
    Address second = topic(log, 2);
    Address pool = Address.of(log.data().bytes(), 12);
    pools.put(pool, new Amm.Pool(pool, first, second, BigInteger.ZERO, BigInteger.ZERO, 0));
    volumes.putIfAbsent(first, BigInteger.ZERO);
    volumes.putIfAbsent(second, BigInteger.ZERO);
  }

  private void trade(Amm.Pool pool, Log log) {
    BigInteger first = word(log, 0);
    BigInteger second = word(log, 1);
    if (log.topics() != TRADE_TOPICS) {
      pools.put(
          pool.address(),
          new Amm.Pool(pool.address(), pool.token0(), pool.token1(), first, second, pool.swaps()));
      return;
    }
    BigInteger firstOut = word(log, 2);
    BigInteger secondOut = word(log, 3);
    pools.put(
        pool.address(),
        new Amm.Pool(
            pool.address(),
            pool.token0(),
            pool.token1(),
            pool.reserve0(),
            pool.reserve1(),
            pool.swaps() + 1));
    trades.add(
        new Amm.Trade(
            EventId.of(log.block().number(), log.logIndex()),
            pool.address(),
            topic(log, 1),
            topic(log, 2),
            first.subtract(firstOut),
            second.subtract(secondOut)));
    volumes.merge(pool.token0(), first.add(firstOut), BigInteger::add);
    volumes.merge(pool.token1(), second.add(secondOut), BigInteger::add);
    hour(log, pool, first.add(firstOut), second.add(secondOut));
  }

  private void hour(Log log, Amm.Pool pool, BigInteger first, BigInteger second) {
    long seconds = Optional.ofNullable(log.block().timestamp()).orElseThrow().getEpochSecond();
    Instant hour = Instant.ofEpochSecond(seconds / HOUR * HOUR);
    hours.merge(
        pool.address() + " " + hour,
        new Amm.PoolHour(pool.address(), hour, 1, first, second, pool.reserve0(), pool.reserve1()),
        (before, more) ->
            new Amm.PoolHour(
                pool.address(),
                hour,
                before.swaps() + 1,
                before.volume0().add(more.volume0()),
                before.volume1().add(more.volume1()),
                more.reserve0(),
                more.reserve1()));
  }

  List<Amm.Pool> pools() {
    return List.copyOf(pools.values());
  }

  List<Amm.PoolHour> hours() {
    return List.copyOf(hours.values());
  }

  List<Amm.Trade> trades() {
    return List.copyOf(trades);
  }

  List<Amm.Token> tokens() {
    List<Amm.Token> tokens = new ArrayList<>();
    volumes.forEach((token, volume) -> {
      long count = 0;
      BigInteger reserves = BigInteger.ZERO;
      for (Amm.Pool pool : pools.values()) {
        if (pool.token0().equals(token)) {
          reserves = reserves.add(pool.reserve0());
          count++;
        }
        if (pool.token1().equals(token)) {
          reserves = reserves.add(pool.reserve1());
          count++;
        }
      }
      tokens.add(new Amm.Token(token, count, reserves, volume));
    });
    return tokens;
  }

  private static Address topic(Log log, int index) {
    return Address.of(log.topic(index).bytes(), 12);
  }

  private static BigInteger word(Log log, int index) {
    byte[] data = log.data().bytes();
    return new BigInteger(1, Arrays.copyOfRange(data, 32 * index, 32 * index + 32));
  }
}
