package dev.millrace.evm;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import java.math.BigInteger;
import java.util.Optional;

/**
 * The transaction of an event. Hash and index come with the log; the rest is loaded when a handler
 * reads it. An instance belongs to the handler's Context and ends with it.
 */
public interface EvmTransaction {
  Bytes32 hash();

  /** The transaction's index in its block. */
  int index();

  Address from();

  /** The recipient; empty if the transaction creates a contract. */
  Optional<Address> to();

  BigInteger value();

  Bytes input();

  long nonce();
}
