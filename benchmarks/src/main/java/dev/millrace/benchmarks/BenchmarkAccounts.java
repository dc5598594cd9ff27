package dev.millrace.benchmarks;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.Index;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/** Rows of the shape that most indexers keep, with ids spread like real ones. */
final class BenchmarkAccounts {
  /** A balance, read and written again by every event that touches its owner. */
  @Entity
  record Account(@Id Address address, BigInteger balance, long transfers) {
    static Account empty(Address address) {
      return new Account(address, BigInteger.ZERO, 0);
    }

    Account plus(long amount) {
      return new Account(address, balance.add(BigInteger.valueOf(amount)), transfers + 1);
    }
  }

  /** An item, found by its owner. */
  @Entity
  record Item(@Id long number, @Index Address owner) {}

  static final EntityType<Account> ACCOUNT = EntityType.of(Account.class);
  static final EntityType<Item> ITEM = EntityType.of(Item.class);

  private BenchmarkAccounts() {}

  /** Returns the address of a number; always a new object, as if it had just been decoded. */
  static Address address(long number) {
    SplittableRandom random = new SplittableRandom(number);
    return Address.of(
        ByteBuffer.allocate(Address.LENGTH)
            .putLong(random.nextLong())
            .putLong(random.nextLong())
            .putInt((int) number)
            .array());
  }

  /**
   * Returns {@code count} addresses of numbers below a limit, drawn at random but always the same.
   */
  static Address[] draws(int count, int limit) {
    SplittableRandom random = new SplittableRandom(7);
    Address[] drawn = new Address[count];
    for (int i = 0; i < count; i++) {
      drawn[i] = address(random.nextInt(limit));
    }
    return drawn;
  }
}
