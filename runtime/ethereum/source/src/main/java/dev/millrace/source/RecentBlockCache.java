package dev.millrace.source;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.millrace.evm.BlockHeader;
import dev.millrace.evm.TransactionBody;
import dev.millrace.loaders.Bytes32;
import dev.millrace.pipeline.MemoryBudget;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Headers and transactions that were fetched with their logs, or asked for by a handler. The oldest
 * are dropped first, once they no longer fit into the share of the memory of all chains. Any thread
 * may read and add.
 */
final class RecentBlockCache implements AutoCloseable {
  /** Limit where no transactions are read: handlers read headers of blocks near the newest. */
  private static final int MAX_HEADERS = 20_000;

  private static final long HEADER_BYTES = 250;
  private static final long BODY_BYTES = 250;

  private final MemoryBudget.Share memory;
  private final Map<Bytes32, BlockHeader> headers = new ConcurrentHashMap<>();
  private final Map<Bytes32, TransactionBody> bodies = new ConcurrentHashMap<>();

  @GuardedBy("this")
  private final ArrayDeque<Bytes32> headerOrder = new ArrayDeque<>();

  @GuardedBy("this")
  private final ArrayDeque<Bytes32> bodyOrder = new ArrayDeque<>();

  @GuardedBy("this")
  private long bytes;

  /**
   * @param memory the share for what is kept; closed with this
   */
  RecentBlockCache(MemoryBudget.Share memory) {
    this.memory = memory;
  }

  @Nullable BlockHeader header(Bytes32 hash) {
    return headers.get(hash);
  }

  @Nullable TransactionBody body(Bytes32 hash) {
    return bodies.get(hash);
  }

  /** The bytes that are kept, as they are counted. */
  synchronized long bytes() {
    return bytes;
  }

  synchronized void addHeader(BlockHeader header) {
    if (headers.putIfAbsent(header.hash(), header) == null) {
      headerOrder.add(header.hash());
      bytes += HEADER_BYTES;
      while (headerOrder.size() > MAX_HEADERS) {
        dropHeader();
      }
      evict();
    }
  }

  synchronized void addBodies(Collection<TransactionBody> added) {
    for (TransactionBody body : added) {
      if (bodies.putIfAbsent(body.hash(), body) == null) {
        bodyOrder.add(body.hash());
        bytes += bytes(body);
      }
    }
    evict();
  }

  /** Keeps the newest transaction and the newest header, which the caller is about to read. */
  @GuardedBy("this")
  private void evict() {
    long allowed = memory.updateUsage(bytes);
    while (bytes > allowed && bodyOrder.size() > 1) {
      TransactionBody gone = bodies.remove(bodyOrder.remove());
      bytes -= gone == null ? 0 : bytes(gone);
    }
    while (bytes > allowed && headerOrder.size() > 1) {
      dropHeader();
    }
    long _ = memory.updateUsage(bytes);
  }

  @GuardedBy("this")
  private void dropHeader() {
    headers.remove(headerOrder.remove());
    bytes -= HEADER_BYTES;
  }

  private static long bytes(TransactionBody body) {
    return BODY_BYTES + body.input().length();
  }

  /** Drops everything, and gives the share back to the other chains. */
  @Override
  public synchronized void close() {
    headers.clear();
    bodies.clear();
    headerOrder.clear();
    bodyOrder.clear();
    bytes = 0;
    memory.close();
  }
}
