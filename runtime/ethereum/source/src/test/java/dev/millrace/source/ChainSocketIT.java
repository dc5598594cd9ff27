package dev.millrace.source;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.devnode.DevNode;
import dev.millrace.devnode.NodeFault;
import dev.millrace.devnode.NodeFaults;
import dev.millrace.evm.Evm;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.evm.Finality;
import dev.millrace.evm.SourceOptions;
import dev.millrace.evm.SourceRequest;
import dev.millrace.evm.StopAt;
import dev.millrace.loaders.Address;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceBlock;
import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Reads a dev chain over sockets, and compares with the chain itself. */
@Timeout(120)
final class ChainSocketIT {
  private static final DevChainSettings SETTINGS =
      DevChainSettings.DEFAULTS.withBlocks(1_500).withLogs(5).withNames(1).withPools(20, 2);
  private static final Finality DEPTH = new Finality(Optional.empty(), OptionalLong.of(40));

  @TempDir Path directory;

  private final DevChain chain = new DevChain(SETTINGS).finality(40);

  @dev.millrace.evm.Event("Transfer(address indexed from, address indexed to, uint256 value)")
  record Transferred(Address from, Address to, BigInteger value) {}

  @dev.millrace.evm.Event(
      "PoolCreated(address indexed token0, address indexed token1, address pool)")
  record PoolCreated(Address token0, Address token1, Address pool) {}

  @dev.millrace.evm.Event("Sync(uint112 reserve0, uint112 reserve1)")
  record Synced(BigInteger reserve0, BigInteger reserve1) {}

  @dev.millrace.loaders.Entity
  record Nothing(@dev.millrace.loaders.Id long id) {}

  private static EvmIndexer indexer() {
    return Evm.indexer("socket")
        .entities(Nothing.class)
        .contract("Token", token -> token.on(Transferred.class, (_, _) -> {}))
        .contract("Factory", factory -> factory.on(PoolCreated.class, (_, _) -> {}))
        .contract(
            "Pool",
            pool ->
                pool.createdBy(PoolCreated.class, PoolCreated::pool).on(Synced.class, (_, _) -> {}))
        .build();
  }

  private SourceRequest request(StopAt until, String... endpoints) {
    return new SourceRequest(
        indexer(),
        DevChain.ID,
        List.of(endpoints),
        0,
        until,
        DEPTH,
        Map.of("Token", List.of(DevChain.TOKEN), "Factory", List.of(DevChain.FACTORY)),
        SourceOptions.DEFAULTS.withPoll(Duration.ofMillis(20)).withDirectory(directory));
  }

  /** Returns the events of the chain itself. */
  private List<String> expected() throws InterruptedException {
    SourceRequest request = request(new StopAt.AtHead(), SETTINGS.endpoint());
    try (Source.Feed feed = chain.source(request).open(Source.ResumePoint.START)) {
      return texts(ChainFixture.drain(feed, 1_000));
    }
  }

  private static List<String> texts(List<Batch> batches) {
    return batches.stream()
        .flatMap(batch -> batch.events().stream())
        .map(event -> ChainFixture.text(event) + " " + event.handler().name())
        .toList();
  }

  private List<String> read(String... endpoints) throws InterruptedException {
    Source source = new RpcChainProvider().source(request(new StopAt.AtHead(), endpoints));
    try (Source.Feed feed = source.open(Source.ResumePoint.START)) {
      return texts(ChainFixture.drain(feed, 700));
    }
  }

  @Test
  @Tag("F13")
  @DisplayName("F13 over a socket: the second run sends no getLogs below the final block")
  void history_equalsTheChainAndIsKept() throws InterruptedException {
    try (DevNode node = DevNode.open(chain)) {
      assertThat(read(node.url())).isEqualTo(expected());
      long first = node.requests("eth_getLogs");
      assertThat(read(node.url())).isEqualTo(expected());
      // Reversible blocks are asked for by their hashes and never cached.
      assertThat(node.requests("eth_getLogs") - first).isLessThanOrEqualTo(3 * 40 * 2);
    }
  }

  @Test
  void troubles_areAbsorbed() throws InterruptedException {
    NodeFaults bad =
        NodeFaults.none()
            .range(37)
            .sometimes(0.05, NodeFault.DISCONNECT, NodeFault.HTML, NodeFault.INTERNAL_ERROR);
    NodeFaults worse = NodeFaults.none().stale(30).sometimes(0.05, NodeFault.TRUNCATED);
    try (DevNode one = DevNode.open(chain, bad, 0);
        DevNode two = DevNode.open(chain, worse, 0)) {
      assertThat(read(one.url(), two.url())).isEqualTo(expected());
    }
  }

  @Test
  @Tag("F3")
  @DisplayName("F3 over a socket: an endpoint that has lost its index")
  void droppedLogs_areFoundByTheirBlooms() throws InterruptedException {
    NodeFaults lost = NodeFaults.none().dropLogs(block -> block > 1_460);
    try (DevNode one = DevNode.open(chain, lost, 0);
        DevNode two = DevNode.open(chain)) {
      assertThat(read(one.url(), two.url())).isEqualTo(expected());
    }
  }

  @Test
  void forks_areFollowed() throws InterruptedException {
    Random random = new Random(11);
    try (DevNode node = DevNode.open(chain)) {
      Source source = new RpcChainProvider().source(request(new StopAt.Never(), node.url()));
      Delivered delivered = new Delivered();
      Source.Feed feed = source.open(delivered.resumePoint());
      try {
        for (int round = 0; round < 25; round++) {
          while (!delivered.reaches(chain.head(), chain.block(chain.head()).hash())) {
            Source.Step step = feed.next(200);
            if (step instanceof Batch batch) {
              delivered.add(batch);
            } else if (step instanceof Source.Rewind(Source.BlockRef to)) {
              feed.close();
              delivered.rewind(to);
              feed = source.open(delivered.resumePoint());
            }
          }
          assertThat(difference(delivered.texts(), expected())).isEmpty();
          int depth = random.nextInt(20);
          chain.fork(depth, random.nextInt(depth + 1, depth + 12));
        }
      } finally {
        feed.close();
      }
    }
  }

  /** Returns the first difference of two lists, which would fill pages themselves. */
  private static String difference(List<String> delivered, List<String> expected) {
    for (int i = 0; i < Math.max(delivered.size(), expected.size()); i++) {
      String one = i < delivered.size() ? delivered.get(i) : "nothing";
      String other = i < expected.size() ? expected.get(i) : "nothing";
      if (!one.equals(other)) {
        return "at=%d told=%s expected=%s".formatted(i, one, other);
      }
    }
    return "";
  }

  /** State of a lane that reads the stream. */
  private static final class Delivered {
    private final TreeMap<Long, List<String>> events = new TreeMap<>();
    private final TreeMap<Long, Source.BlockRef> window = new TreeMap<>();
    private final TreeMap<Long, List<Source.DiscoveredContract>> found = new TreeMap<>();
    private long finalized = -1;

    void add(Batch batch) {
      finalized = Math.max(finalized, batch.finalBlock());
      for (SourceBlock block : batch.blocks()) {
        window.put(block.number(), new Source.BlockRef(block.number(), block.hash()));
      }
      SourceBlock last = batch.last();
      window.put(last.number(), new Source.BlockRef(last.number(), last.hash()));
      batch
          .events()
          .forEach(event ->
              events
                  .computeIfAbsent(event.block().number(), _ -> new ArrayList<>())
                  .add(ChainFixture.text(event) + " " + event.handler().name()));
      batch
          .found()
          .forEach(
              each -> found.computeIfAbsent(each.at().block(), _ -> new ArrayList<>()).add(each));
      Long base = window.floorKey(finalized);
      if (base != null) {
        window.headMap(base, false).clear();
      }
    }

    void rewind(Source.@Nullable BlockRef to) {
      long last = to == null ? -1 : to.block();
      assertThat(last).isGreaterThanOrEqualTo(Math.min(finalized, window.firstKey()));
      window.tailMap(last, false).clear();
      events.tailMap(last, false).clear();
      found.tailMap(last, false).clear();
    }

    List<String> texts() {
      return events.values().stream().flatMap(List::stream).toList();
    }

    boolean reaches(long number, dev.millrace.loaders.Bytes32 hash) {
      return !window.isEmpty()
          && window.lastEntry().getValue().equals(new Source.BlockRef(number, hash));
    }

    Source.ResumePoint resumePoint() {
      return window.isEmpty()
          ? Source.ResumePoint.START
          : new Source.ResumePoint(
              window.lastEntry().getValue(),
              List.copyOf(window.values()),
              found.values().stream().flatMap(List::stream).toList(),
              false);
    }
  }
}
