package dev.millrace.rpc;

import dev.millrace.evm.Header;

/**
 * A block as a node returns it.
 *
 * @param bloom {@link Bloom#MISSING} if the node returned none
 */
public record NodeBlock(Header header, Bloom bloom) {}
