package dev.millrace.source;

import java.util.Map;
import java.util.OptionalLong;

/**
 * Depths for configurations without finality, on chains whose nodes name no finalized block.
 *
 * <p>Each is a multiple of the deepest reorg that the chain has seen or that its rules allow, so
 * that nothing is called final too early; the price is a longer reversible window. A chain that is
 * not listed has no default.
 */
final class DefaultFinality {
  /** Blocks below the head, by the id of the chain. */
  private static final Map<Long, Long> DEPTHS =
      Map.ofEntries(
          Map.entry(1L, 128L), // Ethereum: two epochs of 32 finalize, and two more
          Map.entry(11155111L, 128L), // Sepolia
          Map.entry(17000L, 128L), // Holesky
          Map.entry(560048L, 128L), // Hoodi
          Map.entry(100L, 128L), // Gnosis: epochs of 16
          Map.entry(56L, 64L), // BNB Smart Chain: 21 validators, all but a third of two rounds
          Map.entry(137L, 512L), // Polygon: reorgs of 157 blocks have happened
          Map.entry(43114L, 16L), // Avalanche C: accepted blocks are final
          Map.entry(10L, 3600L), // OP Mainnet: two hours, well over an L1 finality
          Map.entry(8453L, 3600L), // Base
          Map.entry(42161L, 28800L)); // Arbitrum One: two hours at four blocks a second

  private DefaultFinality() {}

  static OptionalLong depth(long chain) {
    Long depth = DEPTHS.get(chain);
    return depth == null ? OptionalLong.empty() : OptionalLong.of(depth);
  }
}
