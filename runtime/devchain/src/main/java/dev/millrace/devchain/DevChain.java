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
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A chain that needs no node: a token with hot accounts and a name registry, told from a seed.
 *
 * <p>Every block follows from the seed and its number, so that two million events take no memory
 * and any range can be told again. The chain has a head, which a test moves with {@link #advance}.
 */
public final class DevChain {
  public static final Address TOKEN = Address.of("0x7075b10c00000000000000000000000000000001");
  public static final Address REGISTRY = Address.of("0x7075b10c00000000000000000000000000000002");

  /** The id that the chain goes by where nobody gives it another. */
  public static final long ID = 1337;

  private static final Instant BEGINNING = Instant.parse("2024-01-01T00:00:00Z");
  private static final long SECONDS_PER_BLOCK = 12;

  /** Forks will number their branches; the hashes of a block differ between them. */
  private static final long TRUNK = 0;

  private final DevChainSettings settings;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private long head;

  public DevChain(DevChainSettings settings) {
    this.settings = settings;
    this.head = settings.blocks() - 1;
  }

  public DevChainSettings settings() {
    return settings;
  }

  /** The number of the last block; −1 before the first. */
  public long head() {
    lock.lock();
    try {
      return head;
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
      head += blocks;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The block of this number, whether the chain has come to it or not. */
  public Block block(long number) {
    return block(number, hash(number - 1));
  }

  Block block(long number, Bytes32 parent) {
    return new Block(
        number, hash(number), parent, BEGINNING.plusSeconds(SECONDS_PER_BLOCK * number));
  }

  Bytes32 hash(long number) {
    if (number < 0) {
      return Bytes32.ZERO;
    }
    DevChainRandom random = new DevChainRandom();
    random.at(settings.seed(), 16 + TRUNK, number);
    return random.word();
  }

  /** An account of the token. Those below 16 are the busy ones, the first of them most of all. */
  public Address account(int index) {
    return DevChainTransfers.address(settings.seed(), index);
  }

  /** All logs of a block, each good for keeping. */
  public List<Log> logs(long number) {
    return DevChainLogs.of(settings).list(block(number));
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
    // One address belongs to one contract; a contract that is alone may live at both.
    boolean alone = evm.contracts().size() == 1;
    evm.contracts()
        .forEach(name ->
            contracts.put(
                name,
                alone
                    ? List.of(TOKEN, REGISTRY)
                    : List.of(name.equals("Token") ? TOKEN : REGISTRY)));
    Finality finality = new Finality(Finality.AT_ONCE.tag(), OptionalLong.of(reversible));
    return source(
        new SourceRequest(evm, ID, List.of(settings.endpoint()), 0, until, finality, contracts));
  }

  /** The chain as a configuration asks for it. */
  public Source source(SourceRequest request) {
    return new DevChainSource(this, request);
  }

  /** Waits until the chain has a block or the feed has ended; says whether the block is there. */
  boolean await(long number, DevChainSource.Ending ending) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (head < number && !ending.hasEnded()) {
        changed.await();
      }
      return head >= number;
    } finally {
      lock.unlock();
    }
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
