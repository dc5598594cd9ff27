package dev.millrace.devchain;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.evm.Finality;
import dev.millrace.evm.Log;
import dev.millrace.evm.SourceRequest;
import dev.millrace.evm.StopAt;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceBlock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A chain that needs no node: a token with hot accounts, a name registry and an exchange, generated
 * from a seed.
 *
 * <p>Every block follows from the seed, its fork and its number, so that two million events take no
 * memory and any range can be generated again. The chain moves only on request: {@link #advance},
 * {@link #fork}, {@link #backTo}. Any number of servers and feeds may read it meanwhile.
 */
public final class DevChain {
  public static final Address TOKEN = Address.of("0x7075b10c00000000000000000000000000000001");
  public static final Address REGISTRY = Address.of("0x7075b10c00000000000000000000000000000002");
  public static final Address FACTORY = Address.of("0x7075b10c00000000000000000000000000000003");

  /** Default id of the chain. */
  public static final long ID = 1337;

  /** Default depth below the head at which blocks are final. */
  public static final long FINALITY = 64;

  private final DevChainSettings settings;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private DevChainHead tip;

  @GuardedBy("lock")
  private long finality = FINALITY;

  @GuardedBy("lock")
  private long finalized = -1;

  /** Tips by fork: the branch as it began, and its greatest length. */
  @GuardedBy("lock")
  private final List<DevChainHead> left = new ArrayList<>();

  public DevChain(DevChainSettings settings) {
    this.settings = settings;
    this.tip = new DevChainHead(DevChainBranch.TRUNK, settings.blocks() - 1);
    this.left.add(tip);
  }

  public DevChainSettings settings() {
    return settings;
  }

  /** Sets the depth below the head at which blocks are final; final blocks stay so. */
  public DevChain finality(long depth) {
    lock.lock();
    try {
      finality = depth;
      return this;
    } finally {
      lock.unlock();
    }
  }

  /** Returns the current position of the chain. */
  public DevChainHead tip() {
    lock.lock();
    try {
      return tip;
    } finally {
      lock.unlock();
    }
  }

  /** Returns the number of the last block; −1 before the first. */
  public long head() {
    return tip().head();
  }

  /** Returns the last final block. It is never on a replaced branch and never goes back. */
  public long finalized() {
    lock.lock();
    try {
      advanceFinalized();
      return Math.max(0, finalized);
    } finally {
      lock.unlock();
    }
  }

  /** Adds blocks and wakes all waiting threads. */
  public void advance(long blocks) {
    if (blocks < 0) {
      throw new IllegalArgumentException("chain cannot shrink: blocks=" + blocks);
    }
    lock.lock();
    try {
      move(new DevChainHead(tip.branch(), tip.head() + blocks));
    } finally {
      lock.unlock();
    }
  }

  /**
   * Replaces the last blocks by others.
   *
   * @param depth the number of blocks to replace
   * @param length the number of new blocks; fewer make a shorter chain
   * @return the tip before the fork
   * @throws IllegalArgumentException if a final block would be replaced
   */
  public DevChainHead fork(long depth, long length) {
    lock.lock();
    try {
      DevChainHead before = tip;
      long last = before.head() - depth;
      if (depth < 0 || length < 0 || last < -1) {
        throw new IllegalArgumentException(
            "fork is impossible: depth=%d length=%d head=%d"
                .formatted(depth, length, before.head()));
      }
      checkFinal(last);
      DevChainHead next = new DevChainHead(before.branch().leave(last, left.size()), last + length);
      left.add(next);
      move(next);
      return before;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes the chain back to an earlier tip.
   *
   * @return the tip before the call
   */
  public DevChainHead backTo(DevChainHead earlier) {
    lock.lock();
    try {
      DevChainHead before = tip;
      checkFinal(before.shared(earlier));
      move(earlier);
      return before;
    } finally {
      lock.unlock();
    }
  }

  /** Breaks the promise that final blocks stay, so that the next fork may have any depth. */
  public void forgetFinal() {
    lock.lock();
    try {
      finalized = -1;
      finality = Long.MAX_VALUE;
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void checkFinal(long last) {
    advanceFinalized();
    if (last < finalized) {
      throw new IllegalArgumentException(
          "fork would replace a final block: last=%d final=%d".formatted(last, finalized));
    }
  }

  @GuardedBy("lock")
  private void advanceFinalized() {
    if (finality <= tip.head()) {
      finalized = Math.max(finalized, tip.head() - finality);
    }
  }

  @GuardedBy("lock")
  private void move(DevChainHead next) {
    advanceFinalized();
    int fork = next.branch().last();
    if (left.get(fork).head() < next.head()) {
      left.set(fork, new DevChainHead(left.get(fork).branch(), next.head()));
    }
    tip = next;
    changed.signalAll();
  }

  /** Returns the tip of a fork at its greatest length; empty if there was no such fork. */
  public Optional<DevChainHead> left(int fork) {
    lock.lock();
    try {
      return fork < 0 || fork >= left.size() ? Optional.empty() : Optional.of(left.get(fork));
    } finally {
      lock.unlock();
    }
  }

  /** Returns a block of the current branch by number, even above the head. */
  public SourceBlock block(long number) {
    return block(tip().branch(), number);
  }

  SourceBlock block(DevChainBranch branch, long number) {
    return new BlockGenerator(settings).block(branch, number);
  }

  Bytes32 hash(long number) {
    return block(number).hash();
  }

  /** Returns an account of the token. Accounts below 16 are hot, the first most of all. */
  public Address account(int index) {
    return DevChainTransfers.address(settings.seed(), index);
  }

  /** Returns the address that a pool of the exchange has, or would have, on the current branch. */
  public Address pool(int index) {
    return new DevChainPools(settings).address(tip().branch(), index);
  }

  /** Returns all logs of a block on the current branch, as copies to keep. */
  public List<Log> logs(long number) {
    return logs(tip(), number);
  }

  /** Returns all logs of a block on the branch of a tip, as copies to keep. */
  public List<Log> logs(DevChainHead at, long number) {
    return new BlockGenerator(settings).list(at.branch(), number);
  }

  /** Opens the chain through its current head as a source, all of it final. */
  public Source source(Indexer indexer) {
    return source(indexer, new StopAt.AtHead(), 0);
  }

  /**
   * Opens the chain from its first block on as a source.
   *
   * @param reversible the number of blocks below the head that a reorg might still replace
   */
  public Source source(Indexer indexer, StopAt until, long reversible) {
    if (!(indexer instanceof EvmIndexer evm)) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "indexer is not defined for Ethereum: name=%s type=%s"
              .formatted(indexer.name(), indexer.getClass().getName()));
    }
    Map<String, List<Address>> contracts = new HashMap<>();
    // An address belongs to one contract; a single contract may have all of the addresses.
    boolean alone = evm.contracts().size() == 1;
    for (String name : evm.contracts()) {
      contracts.put(name, alone ? List.of(TOKEN, REGISTRY, FACTORY) : List.of(home(name)));
    }
    Finality depth = new Finality(Finality.AT_ONCE.tag(), OptionalLong.of(reversible));
    return source(
        new SourceRequest(evm, ID, List.of(settings.endpoint()), 0, until, depth, contracts));
  }

  private static Address home(String contract) {
    return switch (contract) {
      case "Token" -> TOKEN;
      case "Factory" -> FACTORY;
      default -> REGISTRY;
    };
  }

  /** Opens the chain as a configuration requests it. */
  public Source source(SourceRequest request) {
    return new DevChainSource(this, request);
  }

  /** Waits until the chain has moved from a tip, or the waiting reader has ended. */
  public boolean awaitMove(DevChainHead from, Ending ending) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (tip.equals(from) && !ending.hasEnded()) {
        changed.await();
      }
      return !ending.hasEnded();
    } finally {
      lock.unlock();
    }
  }

  /** The end of a reader that waits for the chain. */
  public interface Ending {
    boolean hasEnded();
  }

  /** Wakes the waiting readers, which check again. */
  public void wake() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
