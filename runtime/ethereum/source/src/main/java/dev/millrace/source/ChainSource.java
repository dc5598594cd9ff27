package dev.millrace.source;

import dev.millrace.evm.BlockDataSource;
import dev.millrace.evm.LogRouter;
import dev.millrace.evm.SourceRequest;
import dev.millrace.pipeline.Source;
import dev.millrace.rpc.ChainNode;
import dev.millrace.rpc.ChainNodeFactory;
import dev.millrace.rpc.NodeStatus;
import dev.millrace.rpc.RpcSettings;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A chain behind the endpoints of a request. State that is costly to learn lives here and outlasts
 * the feeds: each rewind opens a new one.
 */
final class ChainSource implements Source {
  private final SourceRequest request;
  private final ChainNode node;
  private final InstantSource clock;
  private final Supplier<ExecutorService> threads;
  private final SourceMemory memory;
  private final RecentBlockCache recent;
  private final int maxAddresses;
  private final LogAuditStatistics findings;
  private final RawCache cache;
  private final BlockDataSource blockData;
  private final GenesisBlockCheck genesis;
  private final FinalityChoice finality;

  /** Creates a source that shares no memory with others. */
  ChainSource(SourceRequest request, ChainNode node, InstantSource clock) {
    this(request, node, clock, () -> threads(request), LogQueryPlan.MAX_ADDRESSES);
  }

  /**
   * Creates a source that shares no memory with others.
   *
   * @param threads creates the executor for the concurrent fetches of a feed
   * @param maxAddresses number of contracts above which logs are asked for at all addresses
   */
  ChainSource(
      SourceRequest request,
      ChainNode node,
      InstantSource clock,
      Supplier<ExecutorService> threads,
      int maxAddresses) {
    this(request, node, clock, threads, maxAddresses, SourceMemory.create());
  }

  private ChainSource(
      SourceRequest request,
      ChainNode node,
      InstantSource clock,
      Supplier<ExecutorService> threads,
      int maxAddresses,
      SourceMemory memory) {
    this.request = request;
    this.memory = memory;
    this.recent = new RecentBlockCache(memory.recent().register());
    this.threads = threads;
    this.maxAddresses = maxAddresses;
    this.node = node;
    this.clock = clock;
    this.findings =
        new LogAuditStatistics(
            request.chain(),
            request.reading().directory(),
            () -> TimeUnit.MILLISECONDS.toNanos(clock.millis()));
    this.cache = new RawCache(request.reading(), request.chain(), clock);
    this.blockData = new BlockDataLoader(node, recent, clock);
    this.genesis = new GenesisBlockCheck(node);
    this.finality = new FinalityChoice(request);
  }

  static ChainSource of(SourceRequest request) {
    return new ChainSource(
        request,
        node(request),
        InstantSource.system(),
        () -> threads(request),
        LogQueryPlan.MAX_ADDRESSES,
        SourceMemory.PROCESS);
  }

  /** Opens a node over the endpoints of a request. */
  static ChainNode node(SourceRequest request) {
    return ChainNodeFactory.open(request.endpoints(), request.chain(), settings(request));
  }

  static RpcSettings settings(SourceRequest request) {
    return RpcSettings.defaults()
        .withDirectory(request.reading().directory())
        .withPoll(request.reading().poll());
  }

  @Override
  public Feed open(ResumePoint resumePoint) {
    return new ChainFeed(this, resumePoint);
  }

  /** Ends all connections, and gives the memory of this chain to the others. */
  @Override
  public void close() {
    recent.close();
    node.close();
  }

  private static ExecutorService threads(SourceRequest request) {
    return Executors.newThreadPerTaskExecutor(
        Thread.ofVirtual().name("millrace-" + request.chain() + "-read-", 0).factory());
  }

  /** Creates the threads of one feed, which closes them. */
  ExecutorService newThreads() {
    return threads.get();
  }

  @Override
  public List<String> doubts() {
    List<String> doubts = new ArrayList<>(findings.found());
    if (finality.isChanged()) {
      doubts.add(finality.rule());
    }
    return doubts;
  }

  SourceRequest request() {
    return request;
  }

  int maxAddresses() {
    return maxAddresses;
  }

  ChainNode node() {
    return node;
  }

  LogAuditStatistics findings() {
    return findings;
  }

  RawCache cache() {
    return cache;
  }

  FinalityChoice finality() {
    return finality;
  }

  GenesisBlockCheck genesis() {
    return genesis;
  }

  RecentBlockCache recent() {
    return recent;
  }

  SourceMemory memory() {
    return memory;
  }

  BlockDataSource blockData() {
    return blockData;
  }

  /** Creates the view of the head and of finality for one feed. */
  FinalityTracker horizon(LocalChain branch) {
    return new FinalityTracker(this, clock, branch);
  }

  /** Returns the details of this chain for the status. */
  SortedMap<String, String> report(FinalityTracker horizon, LogRouter router) {
    FinalityTracker.HeadSnapshot snapshot = horizon.snapshot();
    SortedMap<String, String> report = new TreeMap<>();
    report.put("chain.finality", finality.rule());
    if (snapshot.head() != null) {
      report.put("chain.head", Long.toString(snapshot.number()));
      report.put("chain.final", Long.toString(snapshot.finalBlock()));
    }
    report.put("logs.undecoded", Long.toString(router.undecoded()));
    router.firstUndecoded().ifPresent(first -> report.put("logs.undecoded.first", first));
    cache.report(report);
    findings.report(report);
    NodeStatus status = node.status();
    for (NodeStatus.Endpoint endpoint : status.endpoints()) {
      report.put(
          "endpoint." + endpoint.name(),
          "%s requests=%d latencyMillis=%.0f span=%d errors=%s%s"
              .formatted(
                  endpoint.state(),
                  endpoint.requests(),
                  endpoint.latencyMillis(),
                  endpoint.span(),
                  endpoint.errors(),
                  endpoint.reason().isEmpty() ? "" : " reason=\"" + endpoint.reason() + "\""));
    }
    return report;
  }
}
