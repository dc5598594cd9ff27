package dev.millrace.rpc;

import dev.millrace.evm.Header;

/** A block as a node tells it. */
public record NodeBlock(Header header, Bloom bloom) {}
