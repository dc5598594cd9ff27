package dev.millrace.evm;

import dev.millrace.loaders.Bytes32;

/** The fields of a transaction that its logs carry. */
public record TransactionRef(Bytes32 hash, int index) {}
