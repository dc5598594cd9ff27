package dev.millrace.evm;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import java.math.BigInteger;
import java.util.Optional;

/**
 * The transaction of an event. Hash and index have come with the log; the rest is loaded when a
 * handler reads it. It belongs to the handler's Context and ends with it.
 */
public interface EvmTransaction {
  Bytes32 hash();

  /** Its place in the block. */
  int index();

  Address from();

  /** Empty where it creates a contract. */
  Optional<Address> to();

  BigInteger value();

  Bytes input();

  long nonce();
}
