package dev.millrace.rpc;

import dev.millrace.evm.TransactionBody;
import dev.millrace.jsonrpc.JsonInput;
import dev.millrace.jsonrpc.ReplyReader;
import dev.millrace.loaders.Bytes32;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Implements {@link Node} over endpoints. */
final class RpcNode implements Node {
  private static final String BY_NUMBER = "eth_getBlockByNumber";
  private static final ReplyReader<NodeBlock> BLOCK = BlockReader::block;

  private final Calls calls;
  private final LogCalls logs;
  private final Heads heads;
  private final RpcSettings settings;
  private final BatchCalls<NodeBlock> blocks;
  private final FinalBlocks finalBlocks;
  private final ProvenBlocks provenBlocks;
  private final BatchCalls<TransactionBody> transactions;
  private volatile String waitingFor = "";

  RpcNode(Calls calls, RpcSettings settings, CallRuntime runtime) {
    this.calls = calls;
    this.settings = settings;
    logs = new LogCalls(calls, settings, runtime);
    blocks = new BatchCalls<>(calls, BY_NUMBER, BLOCK);
    transactions = new BatchCalls<>(calls, "eth_getTransactionByHash", BlockReader::transaction);
    heads = new Heads(calls.endpoints().all(), settings.poll(), runtime);
    finalBlocks = new FinalBlocks(calls, heads, settings);
    provenBlocks = new ProvenBlocks(calls);
  }

  @Override
  public long chainId() throws InterruptedException {
    Long served =
        calls.ask(Need.rest(Set.of(), 1), "eth_chainId", "[]", JsonInput::quantity).value();
    return served == null ? 0 : served;
  }

  @Override
  public Optional<NodeBlock> block(long number) throws InterruptedException {
    return Optional.ofNullable(calls.find(number, BY_NUMBER, byNumber(number), BLOCK))
        .filter(block -> block.header().number() == number);
  }

  @Override
  public Optional<NodeBlock> block(Bytes32 hash) throws InterruptedException {
    return Optional.ofNullable(
            calls.find(-1, "eth_getBlockByHash", "[\"%s\",false]".formatted(hash), BLOCK))
        .filter(block -> block.header().hash().equals(hash));
  }

  @Override
  public Optional<NodeBlock> block(Tag tag) throws InterruptedException {
    return Optional.ofNullable(calls.tagged(tag, BY_NUMBER, BLOCK));
  }

  @Override
  public List<NodeBlock> blocks(List<Long> numbers) throws InterruptedException {
    Map<Long, NodeBlock> known = new HashMap<>();
    Collection<Long> missing = new LinkedHashSet<>(numbers);
    int elsewhere = calls.endpoints().all().size();
    try {
      while (true) {
        List<Long> asked = List.copyOf(missing);
        List<@Nullable NodeBlock> found =
            blocks.ask(
                asked.stream()
                    .map(number -> new BatchCalls.Params(byNumber(number), number))
                    .toList());
        for (int i = 0; i < asked.size(); i++) {
          NodeBlock block = found.get(i);
          if (block != null && block.header().number() == asked.get(i)) {
            known.put(asked.get(i), block);
          }
        }
        missing.removeAll(known.keySet());
        if (missing.isEmpty()) {
          break;
        }
        long first = missing.iterator().next();
        if (--elsewhere > 0 && calls.endpoints().mayHave(first)) {
          continue;
        }
        waitingFor = "block is not there yet: block=" + first;
        heads.await(Long.MAX_VALUE, settings.poll());
      }
    } finally {
      waitingFor = "";
    }
    List<NodeBlock> told = new ArrayList<>(numbers.size());
    for (Long number : numbers) {
      NodeBlock block = known.get(number);
      if (block != null) {
        told.add(block);
      }
    }
    return told;
  }

  @Override
  public List<NodeBlock> finalBlocks(List<Long> numbers, FinalityRule rule)
      throws InterruptedException {
    return finalBlocks.ask(numbers, rule);
  }

  @Override
  public Map<Long, NodeBlock> provenBlocks(List<Long> numbers) throws InterruptedException {
    return provenBlocks.ask(numbers);
  }

  @Override
  public LogPage logs(LogQuery query) throws InterruptedException {
    return logs.logs(query);
  }

  @Override
  public LogPage logsOf(Bytes32 blockHash, LogQuery query) throws InterruptedException {
    return logs.logsOf(blockHash, query);
  }

  @Override
  public LogPage receiptLogs(Bytes32 blockHash, LogQuery query) throws InterruptedException {
    return logs.receiptLogs(blockHash, query);
  }

  @Override
  public Map<Bytes32, TransactionBody> transactions(Collection<Bytes32> hashes)
      throws InterruptedException {
    List<BatchCalls.Params> params =
        hashes.stream()
            .distinct()
            .map(hash -> new BatchCalls.Params("[\"%s\"]".formatted(hash), -1))
            .toList();
    Map<Bytes32, TransactionBody> bodies = new HashMap<>();
    for (TransactionBody body : transactions.ask(params)) {
      if (body != null) {
        bodies.put(body.hash(), body);
      }
    }
    return bodies;
  }

  @Override
  public long span(LogQuery query) {
    return calls.endpoints().span(Need.logs(query, true));
  }

  @Override
  public void awaitHead(long above, Duration most) throws InterruptedException {
    heads.await(above, most);
  }

  @Override
  public void reprove() {
    calls.endpoints().reprove();
  }

  @Override
  public NodeStatus status() {
    NodeStatus status = calls.endpoints().status();
    String waits = waitingFor.isEmpty() ? finalBlocks.waitingFor() : waitingFor;
    return status.waitingFor().isEmpty() ? new NodeStatus(status.endpoints(), waits) : status;
  }

  @Override
  public void close() {
    heads.close();
    calls.endpoints().close();
  }

  private static String byNumber(long number) {
    return "[\"%s\",false]".formatted(LogCalls.hex(number));
  }
}
