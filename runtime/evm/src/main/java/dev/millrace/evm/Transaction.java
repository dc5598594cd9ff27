package dev.millrace.evm;

import dev.millrace.loaders.Bytes32;

/** What a log carries of the transaction that wrote it. */
public record Transaction(Bytes32 hash, int index) {}
