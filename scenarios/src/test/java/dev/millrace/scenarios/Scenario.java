package dev.millrace.scenarios;

import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.evm.StopAt;
import dev.millrace.loaders.EntityType;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.Source;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** An indexer, a chain, and the rows that they must produce, by entity and in id order. */
record Scenario(Indexer indexer, DevChain chain, Map<String, List<?>> expected) {
  /** Blocks that a reorg might still replace: an eighth of the chain. */
  private static final int REVERSIBLE = 8;

  static Scenario erc20(long seed, long blocks) {
    DevChainSettings settings =
        DevChainSettings.DEFAULTS.withSeed(seed).withBlocks(blocks).withAccounts(300);
    DevChain chain = new DevChain(settings);
    Erc20Expected expected = Erc20Expected.of(chain);
    return new Scenario(
        Erc20.indexer(),
        chain,
        sorted(Map.of("Transfer", expected.transfers(), "Account", expected.accounts())));
  }

  static Scenario registry(long seed, long blocks) {
    DevChainSettings settings =
        DevChainSettings.DEFAULTS.withSeed(seed).withBlocks(blocks).withLogs(1).withNames(12);
    DevChain chain = new DevChain(settings);
    RegistryExpected expected = RegistryExpected.of(chain);
    return new Scenario(
        Registry.indexer(),
        chain,
        sorted(
            Map.of(
                "Name",
                expected.names(),
                "Owner",
                expected.owners(),
                "Change",
                expected.changes())));
  }

  /** Long enough for several hours and for new pools in the reversible part too. */
  static Scenario amm(long seed, long blocks, int pools, int swaps) {
    DevChainSettings settings =
        DevChainSettings.DEFAULTS
            .withSeed(seed)
            .withBlocks(blocks)
            .withLogs(0)
            .withNames(0)
            .withPools(pools, swaps);
    DevChain chain = new DevChain(settings);
    AmmExpected expected = AmmExpected.of(chain);
    return new Scenario(
        Amm.indexer(),
        chain,
        sorted(
            Map.of(
                "Pool",
                expected.pools(),
                "Token",
                expected.tokens(),
                "PoolHour",
                expected.hours(),
                "Trade",
                expected.trades())));
  }

  private static Map<String, List<?>> sorted(Map<String, List<?>> tables) {
    return new TreeMap<>(tables);
  }

  Source source() {
    long reversible = chain.settings().blocks() / REVERSIBLE;
    return chain.source(indexer, new StopAt.AtHead(), reversible);
  }

  List<EntityType<?>> entities() {
    return indexer.entities();
  }

  @Override
  public String toString() {
    return indexer.name();
  }
}
