package dev.millrace.rpc;

import dev.millrace.evm.TransactionBody;
import dev.millrace.jsonrpc.InFlightByteBudget;
import dev.millrace.jsonrpc.JsonRpcResultReader;
import dev.millrace.jsonrpc.JsonStreamReader;
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
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Implements {@link ChainNode} over endpoints. */
final class FailoverChainNode implements ChainNode {
  private static final String BY_NUMBER = "eth_getBlockByNumber";
  private static final JsonRpcResultReader<NodeBlockHeader> BLOCK = BlockReplyReader::block;

  private final FailoverCaller calls;
  private final AdaptiveLogFetcher logs;
  private final NewHeadSignal heads;
  private final NewHeadSignal.Follower followed;
  private final RpcSettings settings;
  private final InFlightByteBudget.Share inFlight;
  private final BatchedCallRunner<NodeBlockHeader> blocks;
  private final FinalBlockLoader finalBlocks;
  private final ProvenBlockLoader provenBlocks;
  private final BatchedCallRunner<TransactionBody> transactions;
  private volatile String waitingFor = "";

  FailoverChainNode(
      FailoverCaller calls,
      RpcSettings settings,
      InFlightByteBudget.Share inFlight,
      CallRuntime runtime) {
    this.calls = calls;
    this.settings = settings;
    this.inFlight = inFlight;
    logs = new AdaptiveLogFetcher(calls, settings, runtime);
    blocks = new BatchedCallRunner<>(calls, BY_NUMBER, BLOCK);
    transactions =
        new BatchedCallRunner<>(calls, "eth_getTransactionByHash", BlockReplyReader::transaction);
    heads = new NewHeadSignal(calls.endpoints()::subscribeNewHeads, runtime);
    followed = heads.follow();
    finalBlocks = new FinalBlockLoader(calls, heads, settings);
    provenBlocks = new ProvenBlockLoader(calls);
  }

  @Override
  public long chainId() throws InterruptedException {
    Long served =
        calls
            .ask(
                CallRequirements.rest(Set.of(), 1), "eth_chainId", "[]", JsonStreamReader::quantity)
            .value();
    return served == null ? 0 : served;
  }

  @Override
  public Optional<NodeBlockHeader> block(long number) throws InterruptedException {
    return Optional.ofNullable(calls.find(number, BY_NUMBER, byNumber(number), BLOCK))
        .filter(block -> block.header().number() == number);
  }

  @Override
  public Optional<NodeBlockHeader> block(Bytes32 hash) throws InterruptedException {
    return Optional.ofNullable(
            calls.find(-1, "eth_getBlockByHash", "[\"%s\",false]".formatted(hash), BLOCK))
        .filter(block -> block.header().hash().equals(hash));
  }

  @Override
  public Optional<NodeBlockHeader> block(BlockTag tag) throws InterruptedException {
    return Optional.ofNullable(calls.tagged(tag, BY_NUMBER, BLOCK));
  }

  @Override
  public List<NodeBlockHeader> blocks(List<Long> numbers) throws InterruptedException {
    Map<Long, NodeBlockHeader> known = new HashMap<>();
    Collection<Long> missing = new LinkedHashSet<>(numbers);
    int elsewhere = calls.endpoints().all().size();
    NewHeadSignal.Follower news = heads.follow();
    try {
      while (true) {
        List<Long> asked = List.copyOf(missing);
        List<@Nullable NodeBlockHeader> found =
            blocks.ask(
                asked.stream()
                    .map(number -> new BatchedCallRunner.Params(byNumber(number), number))
                    .toList());
        for (int i = 0; i < asked.size(); i++) {
          NodeBlockHeader block = found.get(i);
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
        news.await(settings.poll());
      }
    } finally {
      waitingFor = "";
    }
    List<NodeBlockHeader> headers = new ArrayList<>(numbers.size());
    for (Long number : numbers) {
      NodeBlockHeader block = known.get(number);
      if (block != null) {
        headers.add(block);
      }
    }
    return headers;
  }

  @Override
  public List<NodeBlockHeader> finalBlocks(List<Long> numbers, FinalityRule rule, Duration patience)
      throws InterruptedException {
    return finalBlocks.ask(numbers, rule, patience);
  }

  @Override
  public Map<Long, NodeBlockHeader> provenBlocks(List<Long> numbers) throws InterruptedException {
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
    List<BatchedCallRunner.Params> params =
        hashes.stream()
            .distinct()
            .map(hash -> new BatchedCallRunner.Params("[\"%s\"]".formatted(hash), -1))
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
    return calls.endpoints().span(CallRequirements.logs(query, true));
  }

  @Override
  public void awaitHead(Duration max) throws InterruptedException {
    followed.await(max);
  }

  @Override
  public void pause(Duration length) throws InterruptedException {
    heads.pause(length);
  }

  @Override
  public void reprove() {
    calls.endpoints().reprove();
  }

  @Override
  public NodeStatus status() {
    NodeStatus status = calls.endpoints().status();
    String waits =
        Stream.of(status.waitingFor(), waitingFor, finalBlocks.waitingFor(), waitingForRoom())
            .filter(text -> !text.isEmpty())
            .findFirst()
            .orElse("");
    return new NodeStatus(status.endpoints(), waits);
  }

  private String waitingForRoom() {
    long replies = inFlight.waiting();
    return replies == 0
        ? ""
        : "room in memory: replies=%d bytesInFlight=%d"
            .formatted(replies, settings.inFlight().used());
  }

  /** True if the last answer of each endpoint refused its address. */
  boolean areAllAddressesRefused() {
    return calls.endpoints().areAllAddressesRefused();
  }

  @Override
  public void close() {
    heads.close();
    calls.endpoints().close();
  }

  private static String byNumber(long number) {
    return "[\"%s\",false]".formatted(AdaptiveLogFetcher.hex(number));
  }
}
