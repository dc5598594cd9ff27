package dev.millrace.devchain;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.evm.Finality;
import dev.millrace.evm.Log;
import dev.millrace.evm.SourceRequest;
import dev.millrace.evm.Until;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Block;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.Source;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A chain that needs no node: a token with hot accounts, a name registry and an exchange, told from
 * a seed.
 *
 * <p>Every block follows from the seed, the fork that tells it and its number, so that two million
 * events take no memory and any range can be told again. The chain moves when it is told to: {@link
 * #advance}, {@link #fork}, {@link #backTo}. Any number of servers and feeds may read it meanwhile.
 */
public final class DevChain {
  public static final Address TOKEN = Address.of("0x7075b10c00000000000000000000000000000001");
  public static final Address REGISTRY = Address.of("0x7075b10c00000000000000000000000000000002");
  public static final Address FACTORY = Address.of("0x7075b10c00000000000000000000000000000003");

  /** The id that the chain goes by where nobody gives it another. */
  public static final long ID = 1337;

  /** How far below the head blocks are final where nobody says otherwise. */
  public static final long FINALITY = 64;

  private final DevChainSettings settings;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private Tip tip;

  @GuardedBy("lock")
  private long finality = FINALITY;

  @GuardedBy("lock")
  private long finalized = -1;

  /** By fork: the branch as it began, and how far it went at the most. */
  @GuardedBy("lock")
  private final List<Tip> left = new ArrayList<>();

  public DevChain(DevChainSettings settings) {
    this.settings = settings;
    this.tip = new Tip(Branch.TRUNK, settings.blocks() - 1);
    this.left.add(tip);
  }

  public DevChainSettings settings() {
    return settings;
  }

  /** Blocks so far below the head are final; those that have been stay so. */
  public DevChain finality(long depth) {
    lock.lock();
    try {
      finality = depth;
      return this;
    } finally {
      lock.unlock();
    }
  }

  /** Where the chain stands. */
  public Tip tip() {
    lock.lock();
    try {
      return tip;
    } finally {
      lock.unlock();
    }
  }

  /** The number of the last block; −1 before the first. */
  public long head() {
    return tip().head();
  }

  /** The last final block; never on a branch that was left, and it never goes back. */
  public long finalized() {
    lock.lock();
    try {
      settle();
      return Math.max(0, finalized);
    } finally {
      lock.unlock();
    }
  }

  /** Adds blocks and wakes whoever waits for them. */
  public void advance(long blocks) {
    if (blocks < 0) {
      throw new IllegalArgumentException("chain cannot shrink: blocks=" + blocks);
    }
    lock.lock();
    try {
      move(new Tip(tip.branch(), tip.head() + blocks));
    } finally {
      lock.unlock();
    }
  }

  /**
   * Replaces the last blocks by others.
   *
   * @param depth how many go
   * @param length how many come in their place; fewer make a shorter chain
   * @return where the chain stood before
   * @throws IllegalArgumentException if it would replace a final block
   */
  public Tip fork(long depth, long length) {
    lock.lock();
    try {
      Tip before = tip;
      long last = before.head() - depth;
      if (depth < 0 || length < 0 || last < -1) {
        throw new IllegalArgumentException(
            "fork is impossible: depth=%d length=%d head=%d"
                .formatted(depth, length, before.head()));
      }
      checkFinal(last);
      Tip next = new Tip(before.branch().leave(last, left.size()), last + length);
      left.add(next);
      move(next);
      return before;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes the chain back to where it stood before a fork.
   *
   * @return where it stood until now
   */
  public Tip backTo(Tip earlier) {
    lock.lock();
    try {
      Tip before = tip;
      checkFinal(before.shared(earlier));
      move(earlier);
      return before;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Breaks the promise that final blocks stay, so that the next fork may be as deep as it likes.
   */
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
    settle();
    if (last < finalized) {
      throw new IllegalArgumentException(
          "fork would replace a final block: last=%d final=%d".formatted(last, finalized));
    }
  }

  @GuardedBy("lock")
  private void settle() {
    if (finality <= tip.head()) {
      finalized = Math.max(finalized, tip.head() - finality);
    }
  }

  @GuardedBy("lock")
  private void move(Tip next) {
    settle();
    int fork = next.branch().last();
    if (left.get(fork).head() < next.head()) {
      left.set(fork, new Tip(left.get(fork).branch(), next.head()));
    }
    tip = next;
    changed.signalAll();
  }

  /** How far a fork went before the chain left it; empty if there was no such fork. */
  Optional<Tip> left(int fork) {
    lock.lock();
    try {
      return fork < 0 || fork >= left.size() ? Optional.empty() : Optional.of(left.get(fork));
    } finally {
      lock.unlock();
    }
  }

  /** The block of this number on the branch the chain is on, whether it has come to it or not. */
  public Block block(long number) {
    return block(tip().branch(), number);
  }

  Block block(Branch branch, long number) {
    return new BlockTeller(settings).block(branch, number);
  }

  Bytes32 hash(long number) {
    return block(number).hash();
  }

  /** An account of the token. Those below 16 are the busy ones, the first of them most of all. */
  public Address account(int index) {
    return DevChainTransfers.address(settings.seed(), index);
  }

  /** Where a pool of the exchange lies, or would lie, on the branch that the chain is on. */
  public Address pool(int index) {
    return new DevChainPools(settings).address(tip().branch(), index);
  }

  /** All logs of a block on the branch that the chain is on, each good for keeping. */
  public List<Log> logs(long number) {
    return logs(tip(), number);
  }

  /** All logs of a block on the branch of a tip, each good for keeping. */
  public List<Log> logs(Tip at, long number) {
    return new BlockTeller(settings).list(at.branch(), number);
  }

  /** The whole chain as far as it goes now, all of it final. */
  public Source source(Indexer indexer) {
    return source(indexer, new Until.AtHead(), 0);
  }

  /**
   * The chain from its first block on.
   *
   * @param reversible how many blocks below the head a reorg might still replace
   */
  public Source source(Indexer indexer, Until until, long reversible) {
    if (!(indexer instanceof EvmIndexer evm)) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "indexer is not defined for Ethereum: name=%s type=%s"
              .formatted(indexer.name(), indexer.getClass().getName()));
    }
    Map<String, List<Address>> contracts = new HashMap<>();
    // One address belongs to one contract; a contract that is alone may live at each.
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

  /** The chain as a configuration asks for it. */
  public Source source(SourceRequest request) {
    return new DevChainSource(this, request);
  }

  /** Waits until the chain has moved from a tip or whoever waits has ended. */
  boolean awaitMove(Tip from, Ending ending) throws InterruptedException {
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

  /** Waits until the chain has moved from a tip, but not for ever. */
  boolean awaitMove(Tip from, long nanos) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = nanos;
      while (tip.equals(from) && left > 0) {
        left = changed.awaitNanos(left);
      }
      return !tip.equals(from);
    } finally {
      lock.unlock();
    }
  }

  /** Whether somebody who waits for the chain is to wait no longer. */
  interface Ending {
    boolean hasEnded();
  }

  /** Lets those who wait look again. */
  void wake() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
