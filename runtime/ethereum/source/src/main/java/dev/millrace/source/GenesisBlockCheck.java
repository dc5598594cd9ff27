package dev.millrace.source;

import dev.millrace.loaders.Bytes32;
import dev.millrace.rpc.BlockTag;
import dev.millrace.rpc.ChainNode;
import dev.millrace.rpc.NodeBlockHeader;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The first block of a chain, which no reorg replaces: two chains with one id differ in it. Loaded
 * once per process, if the endpoints name it. Confined to the thread that reads the feed.
 */
final class GenesisBlockCheck {
  private final ChainNode node;
  private @Nullable Bytes32 known;
  private boolean isAsked;

  GenesisBlockCheck(ChainNode node) {
    this.node = node;
  }

  /** Asks the endpoints, once per process. */
  void learn() throws InterruptedException {
    if (!isAsked) {
      known = ask().orElse(null);
      isAsked = true;
    }
  }

  /**
   * True if the endpoints serve a chain that begins with another block.
   *
   * @param held the hash of the first block, if the lane holds it
   */
  boolean isReplaced(@Nullable Bytes32 held) throws InterruptedException {
    Bytes32 ours = held == null ? known : held;
    return ours != null && ask().filter(theirs -> !theirs.equals(ours)).isPresent();
  }

  private Optional<Bytes32> ask() throws InterruptedException {
    return node.block(BlockTag.EARLIEST)
        .map(NodeBlockHeader::header)
        .filter(header -> header.number() == 0)
        .map(header -> header.hash());
  }
}
