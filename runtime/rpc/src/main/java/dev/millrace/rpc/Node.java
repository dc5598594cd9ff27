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
 * What the endpoints of one chain know, together.
 *
 * <p>Calls block, and many threads may call at once; virtual ones are best, for an interrupt ends
 * what they wait for. What an endpoint cannot do now is tried again and elsewhere, for as long as
 * it takes: {@link #status} tells why. A call ends with an answer, with an InterruptedException, or
 * with a {@link MillraceException} whose remedy is FIX_SETUP, where no waiting helps, or REWIND,
 * where a block that was asked for by its hash is gone.
 */
public interface Node extends AutoCloseable {
  /** The id of the chain, once an endpoint has proved to serve it. */
  long chainId() throws InterruptedException;

  /** The block with this number; empty if no endpoint has it now. */
  Optional<NodeBlock> block(long number) throws InterruptedException;

  /** The block with this hash; empty if no endpoint has it now. */
  Optional<NodeBlock> block(Bytes32 hash) throws InterruptedException;

  /** The block that the node calls by this name; empty if it knows no such name. */
  Optional<NodeBlock> block(Tag tag) throws InterruptedException;

  /** The blocks with these numbers, in the order asked. Waits until all are there. */
  List<NodeBlock> blocks(List<Long> numbers) throws InterruptedException;

  /**
   * The blocks with these numbers, in the order asked, as endpoints tell them that call them final.
   * Waits until all are there and final.
   */
  List<NodeBlock> finalBlocks(List<Long> numbers, FinalityRule rule) throws InterruptedException;

  /**
   * All logs of the first blocks of a query: of as many as an endpoint gives at once. They are of
   * the blocks, addresses and topics asked for, in order, and none is marked as removed.
   */
  LogPage logs(LogQuery query) throws InterruptedException;

  /**
   * The logs of one block by its hash.
   *
   * @param query one block: the number that this hash had
   * @throws MillraceException REWIND, if no endpoint knows the block
   */
  LogPage logsOf(Bytes32 blockHash, LogQuery query) throws InterruptedException;

  /**
   * The same from the receipts of the block, for a node whose logs are not trusted.
   *
   * @param query one block: the number that this hash had
   * @throws MillraceException REWIND, if no endpoint knows the block; FIX_SETUP, if none tells
   *     receipts
   */
  LogPage receiptLogs(Bytes32 blockHash, LogQuery query) throws InterruptedException;

  /** Transactions by their hashes, without those that no endpoint knows. */
  Map<Bytes32, TransactionBody> transactions(Collection<Bytes32> hashes)
      throws InterruptedException;

  /** How many blocks one request should ask for just now. */
  long span(LogQuery query);

  /**
   * Returns when a node has told of a block above this number, or when it is time to ask.
   *
   * @param most the longest wait
   */
  void awaitHead(long above, Duration most) throws InterruptedException;

  /**
   * Blocks from an endpoint that names its chain in the same request: nothing of ours shows yet
   * which chain they belong to.
   *
   * @return those that it has, by their numbers
   */
  Map<Long, NodeBlock> provenBlocks(List<Long> numbers) throws InterruptedException;

  /**
   * Lets each endpoint name its chain again before another answer of it counts: blocks do not fit,
   * so one of the addresses may lead to a node of another chain by now.
   */
  void reprove();

  NodeStatus status();

  /** Ends all calls that wait. */
  @Override
  void close();
}
