package dev.millrace.source;

import static java.util.Objects.requireNonNull;

import dev.millrace.evm.Log;
import dev.millrace.evm.LogFilter;
import dev.millrace.evm.TransactionBody;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.rpc.BlockTag;
import dev.millrace.rpc.ChainNode;
import dev.millrace.rpc.FinalityRule;
import dev.millrace.rpc.LogColumns;
import dev.millrace.rpc.LogColumnsBuilder;
import dev.millrace.rpc.LogPage;
import dev.millrace.rpc.LogQuery;
import dev.millrace.rpc.NodeBlockHeader;
import dev.millrace.rpc.NodeStatus;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A node over a chain in memory, with the faults that a test sets: endpoints that lag behind, pages
 * that reach less, logs that are withheld. Records all requests.
 */
final class TestNode implements ChainNode {
  final Queue<LogQuery> asked = new ConcurrentLinkedQueue<>();
  final Queue<Bytes32> askedByHash = new ConcurrentLinkedQueue<>();
  final Queue<List<Long>> headers = new ConcurrentLinkedQueue<>();

  /** Lengths of all waits, and of those among them that no head shortens. */
  final Queue<Duration> waits = new ConcurrentLinkedQueue<>();

  final Queue<Duration> pauses = new ConcurrentLinkedQueue<>();

  /** Tasks to run while the feed waits, one per wait. */
  final Queue<Runnable> whileWaiting = new ConcurrentLinkedQueue<>();

  volatile TestChain chain;
  volatile long latest = 1_000_000;
  volatile long finalized = -1;
  volatile long span = 100;
  volatile long reach = 1_000_000;
  volatile boolean receipts = true;

  /** True if blocks are final by their depth below the present head alone. */
  volatile boolean deniesFinal;

  /** True if no endpoint but the first ever answers. */
  volatile boolean isAlone;

  volatile Predicate<Log> kept = _ -> true;
  volatile Predicate<LogQuery> honest = _ -> true;

  /** Logs that the chain does not have, and that are in the answer to a query all the same. */
  volatile Function<LogQuery, List<Log>> phantoms = _ -> List.of();

  /** Queries that are answered without any log. */
  volatile Predicate<LogQuery> silent = _ -> false;

  /** Offset of the times of logs, in seconds. */
  volatile long timeOffset;

  /** The chain of an endpoint that returns logs of another branch; null if there is none. */
  volatile @Nullable TestChain stray;

  /** Number of endpoints to avoid before logs of the right branch come. */
  volatile int strays = 1;

  /**
   * The chain of an endpoint that is ahead on another branch and names its head; null if there is
   * none.
   */
  volatile @Nullable TestChain ahead;

  /**
   * The chain of an endpoint that has missed a reorg and returns blocks by number; null if there is
   * none.
   */
  volatile @Nullable TestChain behind;

  /** Task to run when endpoints have to name their chains again. */
  volatile Runnable whenReproved = () -> {};

  /** Change to the head before it is returned. */
  volatile UnaryOperator<NodeBlockHeader> tagged = UnaryOperator.identity();

  /** The status of the endpoints. */
  volatile List<NodeStatus.Endpoint> endpoints = List.of();

  /** Change to blocks before they are returned. */
  volatile UnaryOperator<NodeBlockHeader> retold = UnaryOperator.identity();

  TestNode(TestChain chain) {
    this.chain = chain;
  }

  @Override
  public long chainId() {
    return 1;
  }

  @Override
  public Optional<NodeBlockHeader> block(long number) {
    TestChain other = behind;
    return number > latest
        ? Optional.empty()
        : (other == null ? chain.at(number) : other.at(number).or(() -> chain.at(number)))
            .map(TestChain.TestBlock::block)
            .map(retold);
  }

  @Override
  public Optional<NodeBlockHeader> block(Bytes32 hash) {
    return chain.by(hash).filter(this::counts).map(TestChain.TestBlock::block).map(retold);
  }

  private boolean counts(TestChain.TestBlock block) {
    return chain.at(block.header().number()).filter(block::equals).isPresent();
  }

  @Override
  public Optional<NodeBlockHeader> block(BlockTag tag) {
    return switch (tag) {
      case EARLIEST -> block(0);
      case LATEST -> {
        TestChain other = ahead;
        Optional<NodeBlockHeader> head =
            other == null
                ? block(Math.min(latest, chain.head()))
                : other.at(other.head()).map(TestChain.TestBlock::block);
        yield head.map(tagged);
      }
      case SAFE, FINALIZED -> finalized < 0 ? Optional.empty() : block(finalized);
    };
  }

  @Override
  public List<NodeBlockHeader> blocks(List<Long> numbers) {
    headers.add(numbers);
    return numbers.stream()
        .map(number ->
            block((long) number)
                .orElseThrow(() -> new AssertionError("no such block: asked=" + numbers)))
        .toList();
  }

  @Override
  public Map<Long, NodeBlockHeader> provenBlocks(List<Long> numbers) {
    whenReproved.run();
    Map<Long, NodeBlockHeader> known = new HashMap<>();
    numbers.forEach(number -> block((long) number).ifPresent(found -> known.put(number, found)));
    return known;
  }

  @Override
  public List<NodeBlockHeader> finalBlocks(
      List<Long> numbers, FinalityRule rule, Duration patience) {
    headers.add(numbers);
    long highest = chain.head() - (deniesFinal ? rule.depth().orElse(0) : 0);
    if (numbers.stream().anyMatch(number -> number > highest)) {
      throw new MillraceException(Remedy.RETRY, "no endpoint calls the block final");
    }
    return numbers.stream()
        .map(number -> chain.at(number).orElseThrow().block())
        .map(retold)
        .toList();
  }

  @Override
  public LogPage logs(LogQuery query) {
    asked.add(query);
    long reached = Math.min(query.to(), query.from() + reach - 1);
    TestChain other = stray;
    TestChain served = other != null && query.avoid().size() < strays ? other : chain;
    List<Log> logs = new ArrayList<>();
    for (long number = query.from(); number <= reached; number++) {
      TestChain.TestBlock block = served.at(number).orElseThrow();
      logs.addAll(matching(block.logs(), query));
      phantoms.apply(query).stream()
          .filter(log -> log.block().hash().equals(block.header().hash()))
          .filter(log -> matches(query.filter(), log))
          .forEach(logs::add);
    }
    NodeBlockHeader end = served.at(reached).orElseThrow().block();
    return new LogPage(
        query.from(), reached, columns(logs.stream().map(this::late).toList()), name(query), end);
  }

  /** Returns the endpoint that answers: the first that is not to be avoided. */
  private String name(LogQuery query) {
    return endpoints.stream()
        .map(NodeStatus.Endpoint::name)
        .filter(name -> !isAlone && !query.avoid().contains(name))
        .findFirst()
        .orElse("node");
  }

  private Log late(Log log) {
    SourceBlock block = log.block();
    Instant time = requireNonNull(block.timestamp()).plusSeconds(timeOffset);
    SourceBlock later = new SourceBlock(block.number(), block.hash(), null, time);
    byte[] words = new byte[32 * log.topics() + log.data().length()];
    for (int i = 0; i < log.topics(); i++) {
      log.topic(i).write(words, 32 * i);
    }
    System.arraycopy(log.data().bytes(), 0, words, 32 * log.topics(), log.data().length());
    return timeOffset == 0
        ? log
        : new Log(
            later,
            log.logIndex(),
            log.transaction(),
            log.contract(),
            log.topics(),
            words,
            words.length);
  }

  @Override
  public LogPage logsOf(Bytes32 hash, LogQuery query) {
    askedByHash.add(hash);
    TestChain.TestBlock block = known(hash);
    List<Log> logs = new ArrayList<>(matching(block.logs(), query));
    phantoms.apply(query).stream()
        .filter(log -> log.block().hash().equals(hash) && matches(query.filter(), log))
        .forEach(logs::add);
    NodeBlockHeader end = retold.apply(block.block());
    return new LogPage(query.from(), query.to(), columns(logs), name(query), end);
  }

  @Override
  public LogPage receiptLogs(Bytes32 hash, LogQuery query) {
    if (!receipts) {
      throw new MillraceException(Remedy.FIX_SETUP, "no endpoint tells receipts: block=" + hash);
    }
    return page(
        query, known(hash).logs().stream().filter(log -> matches(query.filter(), log)).toList());
  }

  private TestChain.TestBlock known(Bytes32 hash) {
    return chain
        .by(hash)
        .filter(this::counts)
        .orElseThrow(() ->
            new MillraceException(Remedy.REWIND, "no endpoint knows the block: hash=" + hash));
  }

  private static LogPage page(LogQuery query, List<Log> logs) {
    return new LogPage(query.from(), query.to(), columns(logs), "node");
  }

  private List<Log> matching(List<Log> logs, LogQuery query) {
    if (silent.test(query)) {
      return List.of();
    }
    return logs.stream()
        .filter(log -> matches(query.filter(), log))
        .filter(log -> kept.test(log) || (honest.test(query) && !query.avoid().isEmpty()))
        .toList();
  }

  private static boolean matches(LogFilter filter, Log log) {
    return (filter.addresses().isEmpty() || filter.addresses().contains(log.contract()))
        && (filter.topics().isEmpty()
            || (log.topics() > 0 && filter.topics().contains(log.topic(0))));
  }

  static LogColumns columns(List<Log> logs) {
    LogColumnsBuilder writer = new LogColumnsBuilder();
    logs.forEach(writer::add);
    return writer.finish();
  }

  @Override
  public Map<Bytes32, TransactionBody> transactions(Collection<Bytes32> hashes) {
    Map<Bytes32, TransactionBody> bodies = new HashMap<>();
    for (long number = 0; number <= chain.head(); number++) {
      for (Log log : chain.at(number).orElseThrow().logs()) {
        Bytes32 hash = log.transaction().hash();
        if (hashes.contains(hash)) {
          bodies.put(
              hash,
              new TransactionBody(
                  hash, Address.ZERO, null, BigInteger.ONE, Bytes.EMPTY, log.logIndex()));
        }
      }
    }
    return bodies;
  }

  @Override
  public long span(LogQuery query) {
    return span;
  }

  @Override
  public void awaitHead(Duration max) throws InterruptedException {
    await(max);
  }

  @Override
  public void pause(Duration length) throws InterruptedException {
    pauses.add(length);
    await(length);
  }

  private void await(Duration max) throws InterruptedException {
    waits.add(max);
    Runnable next = whileWaiting.poll();
    if (next != null) {
      next.run();
    } else if (new CountDownLatch(1).await(max.toNanos(), TimeUnit.NANOSECONDS)) {
      throw new AssertionError("nobody counts down");
    }
  }

  @Override
  public void reprove() {
    whenReproved.run();
  }

  @Override
  public NodeStatus status() {
    return new NodeStatus(endpoints, "");
  }

  @Override
  public void close() {}
}
