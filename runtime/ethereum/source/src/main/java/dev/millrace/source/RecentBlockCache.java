package dev.millrace.source;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.millrace.evm.BlockHeader;
import dev.millrace.evm.TransactionBody;
import dev.millrace.loaders.Bytes32;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Headers and transactions that were fetched with their logs, or asked for by a handler. The oldest
 * are dropped first. Any thread may read and add.
 */
final class RecentBlockCache {
  private static final int MAX_HEADERS = 20_000;
  private static final long MAX_BYTES = 32L << 20;
  private static final long BODY_BYTES = 250;

  private final Map<Bytes32, BlockHeader> headers = new ConcurrentHashMap<>();
  private final Map<Bytes32, TransactionBody> bodies = new ConcurrentHashMap<>();

  @GuardedBy("this")
  private final ArrayDeque<Bytes32> headerOrder = new ArrayDeque<>();

  @GuardedBy("this")
  private final ArrayDeque<Bytes32> bodyOrder = new ArrayDeque<>();

  @GuardedBy("this")
  private long bytes;

  @Nullable BlockHeader header(Bytes32 hash) {
    return headers.get(hash);
  }

  @Nullable TransactionBody body(Bytes32 hash) {
    return bodies.get(hash);
  }

  synchronized void addHeader(BlockHeader header) {
    if (headers.putIfAbsent(header.hash(), header) == null) {
      headerOrder.add(header.hash());
      while (headerOrder.size() > MAX_HEADERS) {
        headers.remove(headerOrder.remove());
      }
    }
  }

  synchronized void addBodies(Collection<TransactionBody> added) {
    for (TransactionBody body : added) {
      if (bodies.putIfAbsent(body.hash(), body) == null) {
        bodyOrder.add(body.hash());
        bytes += BODY_BYTES + body.input().length();
      }
    }
    while (bytes > MAX_BYTES && bodyOrder.size() > 1) {
      TransactionBody gone = bodies.remove(bodyOrder.remove());
      bytes -= gone == null ? 0 : BODY_BYTES + gone.input().length();
    }
  }
}
