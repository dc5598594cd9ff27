package dev.millrace.rpc;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.rpc.Calls.LogRange;
import dev.millrace.rpc.Calls.Refusal;
import dev.millrace.rpc.ErrorTable.Action;
import dev.millrace.wire.ReplyReader;
import dev.millrace.wire.Trouble;
import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Asks for logs: as many blocks at once as a node gives, in another way where it gives none. */
final class LogCalls {
  /** How often a node that does not know a block is asked again before the block counts as gone. */
  private static final int LOOKS = 4;

  private static final Duration PAUSE = Duration.ofMillis(50);

  private final Calls calls;
  private final Endpoints endpoints;
  private final RpcSettings settings;
  private final CallRuntime runtime;
  private final ConcurrentLinkedQueue<LogWriter> writers = new ConcurrentLinkedQueue<>();

  LogCalls(Calls calls, RpcSettings settings, CallRuntime runtime) {
    this.calls = calls;
    this.endpoints = calls.endpoints();
    this.settings = settings;
    this.runtime = runtime;
  }

  LogPage logs(LogQuery query) throws InterruptedException {
    LogQuery wanted = query;
    while (true) {
      Endpoint endpoint = endpoints.acquire(Need.logs(wanted));
      long last = Math.min(wanted.to(), wanted.from() + endpoints.spanOf(endpoint) - 1);
      LogQuery part = wanted.withRange(wanted.from(), last);
      try {
        LogColumns logs =
            ask(
                endpoint,
                part,
                null,
                "\"fromBlock\":\"%s\",\"toBlock\":\"%s\""
                    .formatted(hex(part.from()), hex(part.to())));
        if (logs != null) {
          return new LogPage(part.from(), part.to(), logs, endpoint.name);
        }
      } catch (Refusal refused) {
        if (refused.verdict.action() == Action.SHRINK) {
          if (part.blocks() == 1) {
            return receipts(part, hex(part.from()), null);
          }
          wanted =
              wanted.withRange(
                  part.from(),
                  ErrorTable.ranges(part.from(), part.to(), refused.verdict.step())
                      .getFirst()
                      .to());
        }
      }
    }
  }

  private @Nullable LogColumns ask(
      Endpoint endpoint, LogQuery part, @Nullable Bytes32 block, String where)
      throws Refusal, InterruptedException {
    LogWriter writer = writer();
    LogReader reader = new LogReader(part, block, writer);
    long bytes = endpoints.expectedBytes(endpoint, part.blocks());
    try {
      settings.inFlight().acquire(bytes);
    } catch (InterruptedException ended) {
      endpoints.unanswered(endpoint);
      throw ended;
    }
    try {
      long begun = calls.now();
      LogColumns logs =
          calls.once(
              endpoint,
              Need.logs(part),
              new LogRange(part.from(), part.to()),
              one -> one.transport.call(calls.call("eth_getLogs", params(part, where)), reader));
      endpoints.read(endpoint, part.blocks(), reader.bytes(), calls.now() - begun);
      return logs;
    } finally {
      settings.inFlight().release(bytes);
      writers.offer(writer);
    }
  }

  private LogWriter writer() {
    LogWriter kept = writers.poll();
    return kept == null ? new LogWriter() : kept;
  }

  LogPage logsOf(Bytes32 block, LogQuery query) throws InterruptedException {
    for (int look = 0; look < LOOKS; ) {
      Endpoint endpoint = endpoints.acquire(Need.logs(query));
      String where =
          endpoint.takesBlockHash
              ? "\"blockHash\":\"%s\"".formatted(block)
              : "\"fromBlock\":\"%1$s\",\"toBlock\":\"%1$s\"".formatted(hex(query.from()));
      try {
        LogColumns logs = ask(endpoint, query, block, where);
        if (logs != null && (endpoint.takesBlockHash || !logs.isEmpty() || is(block, query))) {
          return new LogPage(query.from(), query.to(), logs, endpoint.name);
        }
      } catch (Refusal refused) {
        if (refused.verdict.action() == Action.SHRINK) {
          return receiptLogs(block, query);
        }
        if (refused.trouble.code() == -32602 && endpoint.takesBlockHash) {
          endpoint.takesBlockHash = false;
          continue;
        }
        if (refused.verdict.action() != Action.GONE
            && (endpoint.takesBlockHash || refused.trouble.kind() != Trouble.Kind.NONSENSE)) {
          continue;
        }
      }
      look++;
      pause();
    }
    throw gone(block, query);
  }

  private boolean is(Bytes32 block, LogQuery query) throws InterruptedException {
    NodeBlock now =
        calls.find(
            "eth_getBlockByNumber",
            "[\"%s\",false]".formatted(hex(query.from())),
            BlockReader::block);
    return now != null && now.header().hash().equals(block);
  }

  LogPage receiptLogs(Bytes32 block, LogQuery query) throws InterruptedException {
    return receipts(query, block.toString(), block);
  }

  private LogPage receipts(LogQuery query, String which, @Nullable Bytes32 block)
      throws InterruptedException {
    LogWriter writer = writer();
    LogReader reader = new LogReader(query, block, writer);
    ReplyReader<LogColumns> receipts = reader::receipts;
    String named = which;
    for (int look = 0; look < LOOKS; ) {
      Need need = Need.receipts(query);
      Endpoint endpoint = endpoints.acquire(need);
      String params = "[\"%s\"]".formatted(named);
      try {
        LogColumns logs =
            calls.once(
                endpoint,
                need,
                LogRange.NONE,
                one -> one.transport.call(calls.call("eth_getBlockReceipts", params), receipts));
        if (logs != null) {
          writers.offer(writer);
          return new LogPage(query.from(), query.to(), logs, endpoint.name);
        }
      } catch (Refusal refused) {
        if (refused.trouble.code() == -32602 && !named.equals(hex(query.from()))) {
          named = hex(query.from());
          continue;
        }
        if (refused.verdict.action() != Action.GONE) {
          continue;
        }
      }
      look++;
      pause();
    }
    throw gone(block, query);
  }

  private void pause() throws InterruptedException {
    runtime.pause(PAUSE.toNanos());
  }

  private static MillraceException gone(@Nullable Bytes32 block, LogQuery query) {
    return new MillraceException(
        Remedy.REWIND,
        "no endpoint knows the block any more: block=%d hash=%s".formatted(query.from(), block));
  }

  private static String params(LogQuery query, String where) {
    StringBuilder text = new StringBuilder("[{").append(where);
    if (!query.filter().addresses().isEmpty()) {
      text.append(",\"address\":[")
          .append(
              query.filter().addresses().stream()
                  .map(Address::toString)
                  .collect(Collectors.joining("\",\"", "\"", "\"")))
          .append(']');
    }
    if (!query.filter().topics().isEmpty()) {
      text.append(",\"topics\":[[")
          .append(
              query.filter().topics().stream()
                  .map(Bytes32::toString)
                  .collect(Collectors.joining("\",\"", "\"", "\"")))
          .append("]]");
    }
    return text.append("}]").toString();
  }

  static String hex(long number) {
    return "0x" + Long.toHexString(number);
  }
}
