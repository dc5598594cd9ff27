package dev.millrace.devchain;

import dev.millrace.evm.Log;
import dev.millrace.evm.TransactionRef;
import dev.millrace.loaders.Bytes32;
import dev.millrace.pipeline.SourceBlock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Provides blocks and logs of a dev chain in the types of the reading side. Confined to one thread.
 */
public final class BlockGenerator {
  private static final long BEGINNING = Instant.parse("2024-01-01T00:00:00Z").getEpochSecond();
  private static final long SECONDS_PER_BLOCK = 12;

  private final DevChainHashes hashes;
  private final DevChainRandom random = new DevChainRandom();
  private final BlockLogGenerator logGenerator;
  private final long seed;

  public BlockGenerator(DevChainSettings settings) {
    seed = settings.seed();
    hashes = new DevChainHashes(seed);
    logGenerator = new BlockLogGenerator(settings);
  }

  public BlockLogGenerator logGenerator() {
    return logGenerator;
  }

  public DevChainHashes hashes() {
    return hashes;
  }

  public Bytes32 hash(DevChainBranch branch, long number) {
    return hashes.block(branch.fork(number), number);
  }

  /**
   * Returns seconds since 1970. A fork's blocks are up to a block time later than those they
   * replace.
   */
  public long timestamp(DevChainBranch branch, long number) {
    int fork = branch.fork(number);
    long later = 0;
    if (fork != 0) {
      random.at(seed, DevChainHashes.kind(fork, 9), number);
      later = random.below((int) SECONDS_PER_BLOCK);
    }
    return BEGINNING + SECONDS_PER_BLOCK * number + later;
  }

  SourceBlock block(DevChainBranch branch, long number) {
    return block(branch, number, hash(branch, number - 1));
  }

  SourceBlock block(DevChainBranch branch, long number, Bytes32 parent) {
    return new SourceBlock(
        number, hash(branch, number), parent, Instant.ofEpochSecond(timestamp(branch, number)));
  }

  /** Emits the logs of a block; each is valid until the next one. */
  void generate(DevChainBranch branch, SourceBlock block, int kinds, Consumer<Log> logs) {
    logGenerator.generate(branch, block.number(), kinds, new LogAdapter(block, logs));
  }

  List<Log> list(DevChainBranch branch, long number) {
    SourceBlock block = block(branch, number);
    List<Log> list = new ArrayList<>();
    generate(branch, block, BlockLogGenerator.ALL, log -> list.add(copy(log)));
    return list;
  }

  /** Converts logs; those of one transaction share its object. */
  private static final class LogAdapter implements Consumer<LogCursor> {
    private final SourceBlock block;
    private final Consumer<Log> logs;
    private TransactionRef transaction = new TransactionRef(Bytes32.ZERO, -1);

    LogAdapter(SourceBlock block, Consumer<Log> logs) {
      this.block = block;
      this.logs = logs;
    }

    @Override
    public void accept(LogCursor cursor) {
      if (cursor.transaction != transaction.index()) {
        transaction = new TransactionRef(Bytes32.of(cursor.transactionHash), cursor.transaction);
      }
      logs.accept(
          new Log(
              block,
              cursor.logIndex,
              transaction,
              cursor.contract,
              cursor.topics,
              cursor.words,
              cursor.length));
    }
  }

  private static Log copy(Log log) {
    int heads = log.topics() * Bytes32.LENGTH;
    byte[] words = new byte[heads + log.data().length()];
    for (int topic = 0; topic < log.topics(); topic++) {
      log.topic(topic).write(words, topic * Bytes32.LENGTH);
    }
    log.data().write(words, heads);
    return new Log(
        log.block(),
        log.logIndex(),
        log.transaction(),
        log.contract(),
        log.topics(),
        words,
        words.length);
  }
}
