package dev.millrace.rpc;

import dev.millrace.evm.TransactionBody;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All endpoints of one chain behind one interface.
 *
 * <p>Calls block, and many threads may call at once; virtual threads are best, since an interrupt
 * ends a waiting call. A request that an endpoint cannot serve is repeated, later or elsewhere, for
 * as long as it takes: {@link #status} reports why. A call ends with an answer, with an
 * InterruptedException, or with a {@link MillraceException} whose remedy is FIX_SETUP if no waiting
 * helps, or REWIND if a block that was asked for by its hash is gone.
 */
public interface ChainNode extends AutoCloseable {
  /** Patience that does not end. */
  Duration FOREVER = Duration.ofDays(36_500);

  /** Returns the id of the chain, once an endpoint has proved to serve it. */
  long chainId() throws InterruptedException;

  /** Finds a block by number; empty if no endpoint has it now. */
  Optional<NodeBlockHeader> block(long number) throws InterruptedException;

  /** Finds a block by hash; empty if no endpoint has it now. */
  Optional<NodeBlockHeader> block(Bytes32 hash) throws InterruptedException;

  /** Finds a block by tag; empty if the node does not know the tag. */
  Optional<NodeBlockHeader> block(BlockTag tag) throws InterruptedException;

  /** Returns blocks by number, in the order asked. Waits until all are there. */
  List<NodeBlockHeader> blocks(List<Long> numbers) throws InterruptedException;

  /**
   * Returns blocks by number, in the order asked, from endpoints that call them final. Waits until
   * all are there and final.
   */
  default List<NodeBlockHeader> finalBlocks(List<Long> numbers, FinalityRule rule)
      throws InterruptedException {
    return finalBlocks(numbers, rule, FOREVER);
  }

  /**
   * Loads final blocks; fails with remedy RETRY once endpoints have answered for so long that one
   * is not final: the chain may have become shorter.
   */
  List<NodeBlockHeader> finalBlocks(List<Long> numbers, FinalityRule rule, Duration patience)
      throws InterruptedException;

  /**
   * Returns all logs of the first blocks of a query, of as many blocks as an endpoint serves at
   * once. The logs match the blocks, addresses and topics asked for, in order, and none is marked
   * as removed.
   */
  LogPage logs(LogQuery query) throws InterruptedException;

  /**
   * Returns the logs of one block by its hash.
   *
   * @param query one block: the number that this hash had
   * @throws MillraceException REWIND if no endpoint knows the block
   */
  LogPage logsOf(Bytes32 blockHash, LogQuery query) throws InterruptedException;

  /**
   * Returns the logs of one block from its receipts, for a node whose eth_getLogs is not trusted.
   *
   * @param query one block: the number that this hash had
   * @throws MillraceException REWIND if no endpoint knows the block; FIX_SETUP if none returns
   *     receipts
   */
  LogPage receiptLogs(Bytes32 blockHash, LogQuery query) throws InterruptedException;

  /** Returns transactions by hash, without those that no endpoint knows. */
  Map<Bytes32, TransactionBody> transactions(Collection<Bytes32> hashes)
      throws InterruptedException;

  /** Returns the number of blocks that one request should ask for now. */
  long span(LogQuery query);

  /**
   * Waits for a head that an endpoint reports, counted from the last wait for one, or until it is
   * time to ask. For the one thread that follows the chain.
   *
   * @param max the longest wait
   */
  void awaitHead(Duration max) throws InterruptedException;

  /** Waits for a time, however many heads come meanwhile. */
  void pause(Duration length) throws InterruptedException;

  /**
   * Returns blocks from an endpoint that names its chain in the same request, for use while nothing
   * of ours shows which chain they belong to.
   *
   * @return the blocks that it has, by number
   */
  Map<Long, NodeBlockHeader> provenBlocks(List<Long> numbers) throws InterruptedException;

  /**
   * Requires each endpoint to name its chain again before its next answer counts. For blocks that
   * do not fit: an address may lead to a node of another chain by now.
   */
  void reprove();

  NodeStatus status();

  /** Ends all waiting calls. */
  @Override
  void close();
}
