package dev.millrace.app;

import dev.millrace.evm.Event;
import dev.millrace.evm.Evm;
import dev.millrace.evm.EvmContext;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.Id;
import java.math.BigInteger;

/** A whole program as a user would write one: counts transfers, and fails at a given event. */
final class CountingMain {
  private CountingMain() {}

  @Event("Transfer(address indexed from, address indexed to, uint256 value)")
  record Transferred(Address from, Address to, BigInteger value) {}

  @Entity
  record Count(@Id long id, long seen) {}

  public static void main(String[] args) {
    Millrace.run(CountingMain::asked, args);
  }

  private static EvmIndexer asked() {
    return Boolean.getBoolean("wrong")
        ? Evm.indexer("Wrong name").build()
        : indexer(Long.getLong("failAt", Long.MAX_VALUE));
  }

  static EvmIndexer indexer(long failAt) {
    return Evm.indexer("counting")
        .entities(Count.class)
        .contract(
            "Token", token -> token.on(Transferred.class, (_, context) -> count(context, failAt)))
        .build();
  }

  private static void count(EvmContext context, long failAt) {
    if (context.block().number() >= failAt) {
      throw new IllegalStateException("told to fail");
    }
    long seen = context.find(Count.class, 0L).map(Count::seen).orElse(0L);
    context.save(new Count(0, seen + 1));
  }
}
