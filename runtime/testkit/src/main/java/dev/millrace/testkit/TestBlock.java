package dev.millrace.testkit;

import dev.millrace.evm.TransactionBody;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One block while a test writes down what happens in it. What is said about a transaction holds for
 * the events that follow.
 */
public final class TestBlock {
  private static final Instant BEGINNING = Instant.parse("2024-01-01T00:00:00Z");
  private static final Duration BETWEEN = Duration.ofSeconds(12);
  private static final Address SENDER = Address.of("0x5e4de20000000000000000000000000000000000");

  private final IndexerTest test;
  private final List<Emitted> emitted = new ArrayList<>();
  private long number;
  private Optional<Instant> timestamp = Optional.empty();
  private int transactions;
  private TransactionBody transaction;
  private boolean open;

  /** An event, where it comes from, and the transaction that it came with. */
  record Emitted(Object event, Optional<Address> at, Optional<String> contract, Sent transaction) {}

  /** A transaction and its place in the block. */
  record Sent(int index, TransactionBody body) {}

  TestBlock(IndexerTest test, long number) {
    this.test = test;
    this.number = number;
    this.transaction =
        new TransactionBody(Bytes32.ZERO, SENDER, null, BigInteger.ZERO, Bytes.EMPTY, 0);
  }

  /** The block's number; without it, the next one. */
  public TestBlock number(long other) {
    number = other;
    return this;
  }

  /** The block's time; without it, twelve seconds per block. */
  public TestBlock timestamp(Instant other) {
    timestamp = Optional.of(other);
    return this;
  }

  /** Begins a transaction: the events that follow, until the next one begins, share it. */
  public TestBlock transaction(Address from, Address to) {
    return transaction(from, to, BigInteger.ZERO, Bytes.EMPTY);
  }

  /** Begins a transaction with all that a handler may read of it. */
  public TestBlock transaction(Address from, Address to, BigInteger value, Bytes input) {
    transaction = new TransactionBody(Bytes32.ZERO, from, to, value, input, 0);
    open = true;
    transactions++;
    return this;
  }

  /** An event of the contract that has a handler for it, at its address of this test. */
  public TestBlock emit(Object event) {
    return add(event, Optional.empty(), Optional.empty());
  }

  /** An event of the contract of this name, where several have a handler for it. */
  public TestBlock emit(String contract, Object event) {
    return add(event, Optional.empty(), Optional.of(contract));
  }

  /** An event of the contract at this address. */
  public TestBlock emit(Address at, Object event) {
    return add(event, Optional.of(at), Optional.empty());
  }

  private TestBlock add(Object event, Optional<Address> at, Optional<String> contract) {
    if (!open) {
      transactions++;
    }
    emitted.add(new Emitted(event, at, contract, new Sent(transactions - 1, body())));
    return this;
  }

  private TransactionBody body() {
    return new TransactionBody(
        word(number, transactions),
        transaction.from(),
        transaction.to(),
        transaction.value(),
        transaction.input(),
        transactions);
  }

  /** Runs the handlers of all its events, each twice, and says what they have changed. */
  public Changes run() {
    return test.run(this);
  }

  long number() {
    return number;
  }

  Instant timestamp() {
    return timestamp.orElse(BEGINNING.plus(BETWEEN.multipliedBy(number)));
  }

  List<Emitted> emitted() {
    return emitted;
  }

  /** A hash that nobody has computed, but that is another one for each pair of numbers. */
  static Bytes32 word(long first, long second) {
    ByteBuffer bytes = ByteBuffer.allocate(Bytes32.LENGTH);
    bytes.putLong(0x7e57_b10cL).putLong(first).putLong(second);
    return Bytes32.of(bytes.array());
  }
}
