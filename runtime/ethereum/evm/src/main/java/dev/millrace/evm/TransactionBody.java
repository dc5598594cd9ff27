package dev.millrace.evm;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a transaction, as its sender signed it.
 *
 * @param to null if the transaction creates a contract
 */
public record TransactionBody(
    Bytes32 hash, Address from, @Nullable Address to, BigInteger value, Bytes input, long nonce) {}
