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

/** One block, as a test defines it. A transaction holds for the events that follow it. */
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

  /** An event, its emitter, and its transaction. */
  record Emitted(Object event, Optional<Address> at, Optional<String> contract, Sent transaction) {}

  /** A transaction and its place in the block. */
  record Sent(int index, TransactionBody body) {}

  TestBlock(IndexerTest test, long number) {
    this.test = test;
    this.number = number;
    this.transaction =
        new TransactionBody(Bytes32.ZERO, SENDER, null, BigInteger.ZERO, Bytes.EMPTY, 0);
  }

  /** Sets the block's number. The default is the next number. */
  public TestBlock number(long other) {
    number = other;
    return this;
  }

  /** Sets the block's time. The default is twelve seconds per block. */
  public TestBlock timestamp(Instant other) {
    timestamp = Optional.of(other);
    return this;
  }

  /** Begins a transaction: the events that follow, until the next one begins, share it. */
  public TestBlock transaction(Address from, Address to) {
    return transaction(from, to, BigInteger.ZERO, Bytes.EMPTY);
  }

  /** Begins a transaction with everything that a handler may read of it. */
  public TestBlock transaction(Address from, Address to, BigInteger value, Bytes input) {
    transaction = new TransactionBody(Bytes32.ZERO, from, to, value, input, 0);
    open = true;
    transactions++;
    return this;
  }

  /** Emits an event of the contract that has a handler for it, at its address of this test. */
  public TestBlock emit(Object event) {
    return add(event, Optional.empty(), Optional.empty());
  }

  /** Emits an event of the contract of this name, if several have a handler for it. */
  public TestBlock emit(String contract, Object event) {
    return add(event, Optional.empty(), Optional.of(contract));
  }

  /** Emits an event of the contract at this address. */
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

  /** Runs the handlers of all its events, each twice, and returns the changes. */
  public BlockChanges run() {
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

  /** A made-up hash, different for each pair of numbers. */
  static Bytes32 word(long first, long second) {
    ByteBuffer bytes = ByteBuffer.allocate(Bytes32.LENGTH);
    bytes.putLong(0x7e57_b10cL).putLong(first).putLong(second);
    return Bytes32.of(bytes.array());
  }
}
