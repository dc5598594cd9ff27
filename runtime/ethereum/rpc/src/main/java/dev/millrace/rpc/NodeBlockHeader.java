package dev.millrace.rpc;

import dev.millrace.evm.BlockHeader;

/**
 * A block as a node returns it.
 *
 * @param bloom {@link LogsBloom#MISSING} if the node returned none
 */
public record NodeBlockHeader(BlockHeader header, LogsBloom bloom) {}
