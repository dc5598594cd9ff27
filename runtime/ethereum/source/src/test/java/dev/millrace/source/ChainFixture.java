package dev.millrace.source;

import dev.millrace.evm.Evm;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.evm.Finality;
import dev.millrace.evm.Log;
import dev.millrace.evm.SourceOptions;
import dev.millrace.evm.SourceRequest;
import dev.millrace.evm.StopAt;
import dev.millrace.loaders.Address;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceEvent;
import dev.millrace.rpc.ChainNode;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;

/** Reads a test's chain as a lane would, without running anything. */
final class ChainFixture {
  static final Instant BEGINNING = Instant.parse("2026-01-01T00:00:00Z");

  private final TestNode node;
  private long from;
  private long id = 1;
  private StopAt until = new StopAt.AtHead();
  private Finality finality = Finality.AT_ONCE;
  private SourceOptions reading = SourceOptions.DEFAULTS.withPoll(Duration.ofMillis(1));
  private int maxAddresses = LogQueryPlan.MAX_ADDRESSES;
  private volatile Instant now = BEGINNING;

  @dev.millrace.evm.Event("Transfer(address indexed from, address indexed to, uint256 value)")
  record Transferred(Address from, Address to, BigInteger value) {}

  @dev.millrace.evm.Event("PoolCreated(address indexed pool)")
  record PoolCreated(Address pool) {}

  @dev.millrace.evm.Event("Swap(uint256 amount)")
  record Swapped(BigInteger amount) {}

  @dev.millrace.evm.Event("PartCreated(address indexed part)")
  record PartCreated(Address part) {}

  @dev.millrace.loaders.Entity
  record Nothing(@dev.millrace.loaders.Id long id) {}

  ChainFixture(TestNode node) {
    this.node = node;
  }

  static EvmIndexer indexer() {
    return Evm.indexer("reader")
        .entities(Nothing.class)
        .contract("Token", token -> token.on(Transferred.class, (_, _) -> {}))
        .contract("Factory", factory -> factory.on(PoolCreated.class, (_, _) -> {}))
        .contract(
            "Pool",
            pool ->
                pool.createdBy(PoolCreated.class, PoolCreated::pool)
                    .on(Swapped.class, (_, _) -> {}))
        .build();
  }

  ChainFixture from(long block) {
    from = block;
    return this;
  }

  ChainFixture chain(long number) {
    id = number;
    return this;
  }

  ChainFixture until(StopAt end) {
    until = end;
    return this;
  }

  ChainFixture finality(Finality safety) {
    finality = safety;
    return this;
  }

  ChainFixture poll(Duration pause) {
    reading = reading.withPoll(pause);
    return this;
  }

  ChainFixture reading(SourceOptions other) {
    reading = other;
    return this;
  }

  /** Sets the number of contracts above which logs are asked for at all addresses. */
  ChainFixture maxAddresses(int max) {
    maxAddresses = max;
    return this;
  }

  /** Lets time pass. */
  void pass(Duration time) {
    now = now.plus(time);
  }

  SourceRequest request() {
    return new SourceRequest(
        indexer(),
        id,
        List.of(),
        from,
        until,
        finality,
        Map.of("Token", List.of(TestChain.TOKEN), "Factory", List.of(TestChain.FACTORY)),
        reading);
  }

  ChainSource source() {
    return source(node);
  }

  ChainSource source(ChainNode other) {
    return new ChainSource(
        request(), other, () -> now, Executors::newVirtualThreadPerTaskExecutor, maxAddresses);
  }

  Source.Feed open(Source.ResumePoint resumePoint) {
    return source().open(resumePoint);
  }

  List<Batch> toTheEnd(int events) throws InterruptedException {
    try (Source.Feed feed = open(Source.ResumePoint.START)) {
      return drain(feed, events);
    }
  }

  /** Returns all batches of a stream without rewinds. */
  static List<Batch> drain(Source.Feed feed, int events) throws InterruptedException {
    List<Batch> batches = new ArrayList<>();
    Source.Step step = feed.next(events);
    while (step != null) {
      batches.add((Batch) step);
      step = feed.next(events);
    }
    return batches;
  }

  static List<String> events(List<Batch> batches) {
    return batches.stream()
        .flatMap(batch -> batch.events().stream())
        .map(ChainFixture::text)
        .toList();
  }

  static String text(SourceEvent event) {
    return event.block().number() + "-" + event.logIndex() + " " + event.block().hash();
  }

  /**
   * Returns the events of the chain for the indexer, log by log as a serial reader would see them.
   * Earlier blocks count for the pools that they have created.
   */
  List<String> expected(long first, long last) {
    List<String> expected = new ArrayList<>();
    Set<Address> known = new HashSet<>(Set.of(TestChain.TOKEN, TestChain.FACTORY));
    for (long number = from; number <= last; number++) {
      for (Log log : node.chain.at(number).orElseThrow().logs()) {
        if (known.contains(log.contract()) && number >= first) {
          expected.add(number + "-" + log.logIndex() + " " + log.block().hash());
        }
        if (log.contract().equals(TestChain.FACTORY)) {
          known.add(Address.of(log.topic(1).bytes(), 12));
        }
      }
    }
    return expected;
  }
}
