package dev.millrace.devchain;

import dev.millrace.loaders.Bytes32;
import java.util.Optional;

/**
 * Hashes that look random and encode their origin, so that a block or a transaction is found by its
 * hash without a stored list.
 *
 * <p>Three words are drawn; the fourth is the place, masked by the first. A place decoded from a
 * hash must be checked by making the hash again, since most hashes are not ours.
 */
public final class DevChainHashes {
  private static final long ODD = 0x9E3779B97F4A7C15L;
  private static final long ODD_INVERSE = inverse(ODD);
  private static final int NUMBER_BITS = 40;
  private static final int INDEX_BITS = 20;
  private static final long NUMBERS = (1L << NUMBER_BITS) - 1;
  private static final int INDEXES = (1 << INDEX_BITS) - 1;
  private static final int BLOCK = 16;
  private static final int TRANSACTION = 32;

  private final long seed;
  private final DevChainRandom random = new DevChainRandom();
  private final byte[] bytes = new byte[Bytes32.LENGTH];

  DevChainHashes(long seed) {
    this.seed = seed;
  }

  /** Origin of a block. */
  public record BlockPlace(int fork, long number) {}

  /**
   * Origin of a transaction.
   *
   * @param origin the trunk block that it is drawn with; another block may contain it
   * @param index its position among the transactions drawn there
   */
  public record TransactionPlace(int kind, long origin, int index) {}

  Bytes32 block(int fork, long number) {
    if (number < 0) {
      return Bytes32.ZERO;
    }
    random.at(seed, kind(fork, BLOCK), number);
    draw(number | ((long) fork << NUMBER_BITS), bytes);
    return Bytes32.of(bytes);
  }

  public Optional<BlockPlace> blockPlace(Bytes32 hash) {
    long place = place(hash);
    int fork = (int) (place >>> NUMBER_BITS);
    BlockPlace found = new BlockPlace(fork, place & NUMBERS);
    return block(fork, found.number()).equals(hash) ? Optional.of(found) : Optional.empty();
  }

  /**
   * Writes the hash of a transaction; the variant distinguishes transactions that are drawn alike.
   */
  void transaction(int kind, long origin, int index, int variant, byte[] target) {
    random.at(seed, kind(variant, TRANSACTION + kind), (origin << INDEX_BITS) | index);
    draw(
        origin | ((long) index << NUMBER_BITS) | ((long) kind << (NUMBER_BITS + INDEX_BITS)),
        target);
  }

  public TransactionPlace transactionPlace(Bytes32 hash) {
    long place = place(hash);
    return new TransactionPlace(
        (int) (place >>> (NUMBER_BITS + INDEX_BITS)),
        place & NUMBERS,
        (int) (place >>> NUMBER_BITS) & INDEXES);
  }

  /** Returns the kind of a stream on a fork. */
  public static long kind(int fork, int kind) {
    return ((long) fork << 8) | kind;
  }

  private void draw(long place, byte[] target) {
    long mask = random.next();
    DevChainRandom.write(target, 0, mask);
    DevChainRandom.write(target, 8, random.next());
    DevChainRandom.write(target, 16, random.next());
    DevChainRandom.write(target, 24, (place * ODD) ^ mask);
  }

  private long place(Bytes32 hash) {
    hash.write(bytes, 0);
    return (DevChainRandom.read(bytes, 24) ^ DevChainRandom.read(bytes, 0)) * ODD_INVERSE;
  }

  /** Inverts by Newton's method: each step doubles the number of correct bits. */
  private static long inverse(long odd) {
    long found = odd;
    for (int step = 0; step < 6; step++) {
      found *= 2 - odd * found;
    }
    return found;
  }
}
