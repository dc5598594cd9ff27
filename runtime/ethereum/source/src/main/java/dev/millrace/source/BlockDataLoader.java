package dev.millrace.source;

import dev.millrace.evm.BlockDataSource;
import dev.millrace.evm.BlockHeader;
import dev.millrace.evm.TransactionBody;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.rpc.ChainNode;
import dev.millrace.rpc.NodeBlockHeader;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Headers and transactions for handlers.
 *
 * <p>A node may not have yet what another node has returned, so missing data is asked for again.
 * The data counts as gone only when several looks in a row find another block at the height of its
 * block: a single answer may come from an endpoint that is behind.
 */
final class BlockDataLoader implements BlockDataSource {
  private static final Duration PAUSE = Duration.ofMillis(200);
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  /**
   * Time after which a hash that no endpoint has, at no known height, counts as replaced while we
   * were stopped.
   */
  private static final Duration UNKNOWN = Duration.ofMinutes(1);

  /** Number of looks in a row that must agree. */
  private static final int SEEN = 3;

  private final ChainNode node;
  private final RecentBlockCache recent;
  private final InstantSource clock;

  BlockDataLoader(ChainNode node, RecentBlockCache recent, InstantSource clock) {
    this.node = node;
    this.recent = recent;
    this.clock = clock;
  }

  @Override
  public BlockHeader header(Bytes32 blockHash) throws InterruptedException {
    BlockHeader known = recent.header(blockHash);
    Instant began = clock.instant();
    int seen = 0;
    while (known == null) {
      Optional<NodeBlockHeader> block = node.block(blockHash);
      if (block.isPresent()) {
        known = block.get().header();
        recent.addHeader(known);
      } else {
        seen = check("block", blockHash, blockHash, began, seen);
        node.pause(PAUSE);
      }
    }
    return known;
  }

  @Override
  public TransactionBody transaction(Bytes32 hash, Bytes32 blockHash) throws InterruptedException {
    TransactionBody known = recent.body(hash);
    Instant began = clock.instant();
    int seen = 0;
    while (known == null) {
      known = node.transactions(List.of(hash)).get(hash);
      if (known != null) {
        recent.addBodies(List.of(known));
      } else {
        seen = check("transaction", hash, blockHash, began, seen);
        node.pause(PAUSE);
      }
    }
    return known;
  }

  @Override
  public @Nullable TransactionBody fetched(Bytes32 hash, Bytes32 blockHash) {
    return recent.body(hash);
  }

  /**
   * Ends the wait for missing data if enough looks in a row show that its block has been replaced.
   * Returns the number of such looks so far.
   */
  private int check(String what, Bytes32 hash, Bytes32 blockHash, Instant began, int seenBefore)
      throws InterruptedException {
    BlockHeader header = recent.header(blockHash);
    Duration waited = Duration.between(began, clock.instant());
    boolean gone =
        header == null
            ? waited.compareTo(UNKNOWN) > 0 && node.block(blockHash).isEmpty()
            : isReplaced(header, waited);
    int seen = gone ? seenBefore + 1 : 0;
    if (seen >= SEEN) {
      throw new MillraceException(
          Remedy.REWIND,
          "%s is not on the chain any more: hash=%s block=%s".formatted(what, hash, blockHash));
    }
    if (waited.compareTo(PATIENCE) > 0) {
      throw new MillraceException(
          Remedy.RESTART,
          "no endpoint has what a handler reads: %s=%s block=%s".formatted(what, hash, blockHash));
    }
    return seen;
  }

  /**
   * True if another block stands at this height now, or no block for so long that the chain has
   * become shorter.
   */
  private boolean isReplaced(BlockHeader header, Duration waited) throws InterruptedException {
    Optional<NodeBlockHeader> now = node.block(header.number());
    return now.isPresent()
        ? !now.get().header().hash().equals(header.hash())
        : waited.compareTo(UNKNOWN) > 0;
  }
}
