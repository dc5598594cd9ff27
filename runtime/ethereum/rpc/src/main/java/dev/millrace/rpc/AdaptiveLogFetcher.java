package dev.millrace.rpc;

import dev.millrace.jsonrpc.RpcCallException;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.rpc.FailoverCaller.Asked;
import dev.millrace.rpc.FailoverCaller.LogRange;
import dev.millrace.rpc.FailoverCaller.Refusal;
import dev.millrace.rpc.NodeErrorTable.Action;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Asks for logs: as many blocks at once as a node gives, from receipts where it gives none. */
final class AdaptiveLogFetcher {
  /** Attempts to find an unknown block before it counts as gone. */
  private static final int LOOKS = 4;

  private static final Duration PAUSE = Duration.ofMillis(50);

  /** One pool for all chains of a process: ten chains must not keep ten times as much. */
  private static final LogBuilderPool BUILDERS = new LogBuilderPool();

  private final FailoverCaller calls;
  private final EndpointSelector endpoints;
  private final RpcSettings settings;
  private final CallRuntime runtime;

  AdaptiveLogFetcher(FailoverCaller calls, RpcSettings settings, CallRuntime runtime) {
    this.calls = calls;
    this.endpoints = calls.endpoints();
    this.settings = settings;
    this.runtime = runtime;
  }

  LogPage logs(LogQuery query) throws InterruptedException {
    LogQuery wanted = query;
    Set<String> full = new HashSet<>();
    while (true) {
      Endpoint endpoint = endpoints.acquire(CallRequirements.logs(wanted, true));
      long last = Math.min(wanted.to(), wanted.from() + endpoints.spanOf(endpoint) - 1);
      LogQuery part = wanted.withRange(wanted.from(), last);
      try {
        String where =
            "\"fromBlock\":\"%s\",\"toBlock\":\"%s\"".formatted(hex(part.from()), hex(part.to()));
        return page(endpoint, part, ask(endpoint, part, null, where));
      } catch (Refusal refused) {
        if (refused.verdict.action() == Action.SHRINK) {
          if (part.blocks() == 1) {
            if (haveAllRefused(full, endpoint)) {
              return receipts(part, hex(part.from()), null);
            }
            wanted = part.avoiding(endpoint.name);
            continue;
          }
          wanted =
              wanted.withRange(
                  part.from(),
                  NodeErrorTable.ranges(part.from(), part.to(), refused.verdict.step())
                      .getFirst()
                      .to());
        }
      }
    }
  }

  private static LogPage page(Endpoint endpoint, LogQuery query, LogsAndEndBlock.Proven proven) {
    return new LogPage(query.from(), query.to(), proven.logs(), endpoint.name, proven.end());
  }

  private LogsAndEndBlock.Proven ask(
      Endpoint endpoint, LogQuery part, @Nullable Bytes32 block, String where)
      throws Refusal, InterruptedException {
    LogColumnsBuilder writer = BUILDERS.take();
    try {
      boolean byHash = block != null && endpoint.takesBlockHash;
      // By number, logs of another block show that ours is gone; the pair checks it.
      LogReplyReader reader = new LogReplyReader(part, byHash ? block : null, writer);
      LogsAndEndBlock pair = new LogsAndEndBlock(reader, part.to(), block);
      List<Asked> asked =
          List.of(
              byHash
                  ? new Asked("eth_getBlockByHash", "[\"%s\",false]".formatted(block))
                  : byNumber(part.to()),
              new Asked("eth_getLogs", params(part, where)));
      long begun = calls.now();
      LogsAndEndBlock.Proven proven =
          pair(
              endpoint,
              CallRequirements.logs(part, block == null),
              block == null ? new LogRange(part.from(), part.to()) : LogRange.NONE,
              pair,
              asked);
      endpoints.read(endpoint, part.blocks(), reader.bytes(), calls.now() - begun);
      return proven;
    } finally {
      BUILDERS.giveBack(writer);
    }
  }

  private static Asked byNumber(long number) {
    return new Asked("eth_getBlockByNumber", "[\"%s\",false]".formatted(hex(number)));
  }

  private LogsAndEndBlock.Proven pair(
      Endpoint endpoint,
      CallRequirements need,
      LogRange range,
      LogsAndEndBlock pair,
      List<Asked> asked)
      throws Refusal, InterruptedException {
    boolean together = endpoint.batches.calls(BatchLimit.MAX_PROOF_REFUSALS, calls.now()) > 1;
    try {
      LogsAndEndBlock.Proven proven =
          calls.attempt(
              endpoint,
              need,
              range,
              one -> {
                if (need.isRange()) {
                  calls.look(one, need.newest());
                }
                return pair.ask(one, calls.calls(asked), together);
              });
      if (proven == null) {
        throw new IllegalStateException("pair has no answer: endpoint=" + endpoint.name);
      }
      endpoints.proved(endpoint, need);
      if (together) {
        endpoint.batches.accepted();
      }
      return proven;
    } catch (Refusal refused) {
      BatchExchange exchange = pair.exchange();
      if (!together) {
        endpoint.batches.refused(false, BatchLimit.MAX_PROOF_REFUSALS, calls.now());
      } else if (exchange.isOfBatch(refused) && BatchedCallRunner.mentionsBatch(refused.trouble)) {
        endpoints.refusedBatch(endpoint, asked.size(), refused.trouble);
      } else {
        exchange.recordRefusal(calls, endpoint, refused, BatchLimit.MAX_PROOF_REFUSALS);
      }
      throw refused;
    }
  }

  /** Notes an endpoint that refuses a single block; true if no other endpoint is left. */
  private boolean haveAllRefused(Set<String> full, Endpoint endpoint) {
    boolean isSecondTime = !full.add(endpoint.name);
    return isSecondTime || full.size() >= endpoints.all().size();
  }

  LogPage logsOf(Bytes32 block, LogQuery query) throws InterruptedException {
    LogQuery wanted = query;
    Set<String> full = new HashSet<>();
    Set<String> lacking = new HashSet<>();
    for (int look = 0; look < looks(); ) {
      Endpoint endpoint = endpoints.acquire(CallRequirements.logs(wanted, false));
      boolean byHash = endpoint.takesBlockHash;
      String where =
          byHash
              ? "\"blockHash\":\"%s\"".formatted(block)
              : "\"fromBlock\":\"%1$s\",\"toBlock\":\"%1$s\"".formatted(hex(query.from()));
      try {
        LogPage page = page(endpoint, query, ask(endpoint, query, block, where));
        endpoints.foundElsewhere(lacking);
        return page;
      } catch (Refusal refused) {
        if (refused.verdict.action() == Action.SHRINK) {
          if (haveAllRefused(full, endpoint)) {
            return receiptLogs(block, query);
          }
          wanted = wanted.avoiding(endpoint.name);
          continue;
        }
        if (refused.trouble.code() == -32602 && byHash) {
          endpoint.takesBlockHash = false;
          continue;
        }
        if (refused.verdict.action() != Action.UNKNOWN_BLOCK) {
          continue;
        }
        wanted = wanted.avoiding(endpoint.name);
        lacking.add(endpoint.name);
      }
      look++;
      pause();
    }
    throw gone(block, query, lacking);
  }

  LogPage receiptLogs(Bytes32 block, LogQuery query) throws InterruptedException {
    return receipts(query, block.toString(), block);
  }

  /** Returns the logs of one block from its receipts; by number if no hash is given. */
  private LogPage receipts(LogQuery query, String which, @Nullable Bytes32 block)
      throws InterruptedException {
    LogColumnsBuilder writer = BUILDERS.take();
    LogQuery wanted = query;
    String named = which;
    Set<String> tooLarge = new HashSet<>();
    Set<String> lacking = new HashSet<>();
    for (int look = 0; look < looks(); ) {
      CallRequirements need = CallRequirements.receipts(wanted, block == null);
      Endpoint endpoint = endpoints.acquire(need);
      boolean byNumber = named.equals(hex(query.from()));
      LogReplyReader reader = new LogReplyReader(query, byNumber ? null : block, writer);
      LogsAndEndBlock pair = new LogsAndEndBlock(reader::receipts, query.to(), block);
      Asked header =
          byNumber
              ? byNumber(query.from())
              : new Asked("eth_getBlockByHash", "[\"%s\",false]".formatted(named));
      Asked receipts = new Asked("eth_getBlockReceipts", "[\"%s\"]".formatted(named));
      LogRange range = block == null ? new LogRange(query.from(), query.to()) : LogRange.NONE;
      try {
        LogPage page =
            page(endpoint, query, pair(endpoint, need, range, pair, List.of(header, receipts)));
        BUILDERS.giveBack(writer);
        endpoints.foundElsewhere(lacking);
        return page;
      } catch (Refusal refused) {
        if (refused.trouble.code() == -32602 && !byNumber) {
          named = hex(query.from());
          continue;
        }
        if (refused.verdict.action() == Action.SHRINK) {
          boolean isOurs = refused.trouble.kind() == RpcCallException.Kind.TOO_LARGE;
          if (haveAllRefused(tooLarge, endpoint) || isOurs) {
            throw tooLarge(query, refused.trouble, endpoints.isAnyOtherFailing(tooLarge));
          }
          wanted = wanted.avoiding(endpoint.name);
          continue;
        }
        if (refused.verdict.action() != Action.UNKNOWN_BLOCK) {
          continue;
        }
        wanted = wanted.avoiding(endpoint.name);
        lacking.add(endpoint.name);
      }
      look++;
      pause();
    }
    throw gone(block, query, lacking);
  }

  /** Returns the number of attempts to find a block: each endpoint is asked. */
  private int looks() {
    return Math.max(LOOKS, endpoints.all().size());
  }

  /** An endpoint that fails now may give the block later; else only another endpoint can. */
  private MillraceException tooLarge(
      LogQuery query, RpcCallException trouble, boolean isAnyOtherFailing) {
    return new MillraceException(
        isAnyOtherFailing ? Remedy.RESTART : Remedy.FIX_SETUP,
        ("block has more logs than the endpoints give, and its receipts are larger than a reply may"
                + " be: block=%d limit=%d said=%s; add an endpoint that gives the logs of this block")
            .formatted(query.from(), settings.replyLimit(), trouble.text()));
  }

  private void pause() throws InterruptedException {
    runtime.pause(PAUSE.toNanos());
  }

  /** The block is gone, or no endpoint that has it gives what was asked for. */
  private MillraceException gone(@Nullable Bytes32 block, LogQuery query, Set<String> lacking)
      throws InterruptedException {
    if (block != null && calls.isElsewhere(block, lacking)) {
      endpoints.foundElsewhere(lacking);
    }
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
