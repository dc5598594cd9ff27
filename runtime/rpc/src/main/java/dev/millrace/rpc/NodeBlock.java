package dev.millrace.rpc;

import dev.millrace.evm.Header;

/**
 * A block as a node tells it.
 *
 * @param bloom {@link Bloom#MISSING} if the node told none
 */
public record NodeBlock(Header header, Bloom bloom) {}
