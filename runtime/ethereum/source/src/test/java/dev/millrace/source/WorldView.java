package dev.millrace.source;

import org.jspecify.annotations.Nullable;

/**
 * A chain as one backend of an endpoint sees it at a moment.
 *
 * @param chain the chain that it serves
 * @param chainId the id that it names
 * @param head its latest block
 * @param finalBlock the number of the block that it calls finalized
 * @param isWell true if it sees everything, and behaves
 */
record WorldView(WorldChain chain, long chainId, WorldBlock head, long finalBlock, boolean isWell) {
  @Nullable WorldBlock at(long number) {
    return number > head.number ? null : head.at(number);
  }
}
