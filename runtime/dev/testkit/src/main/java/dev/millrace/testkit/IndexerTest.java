package dev.millrace.testkit;

import dev.millrace.devchain.DevChain;
import dev.millrace.evm.BlockDataSource;
import dev.millrace.evm.BlockHeader;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.evm.Finality;
import dev.millrace.evm.Log;
import dev.millrace.evm.LogRouter;
import dev.millrace.evm.SourceOptions;
import dev.millrace.evm.SourceRequest;
import dev.millrace.evm.StopAt;
import dev.millrace.evm.TransactionBody;
import dev.millrace.evm.TransactionRef;
import dev.millrace.evm.Undecodable;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.EntityType;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Effect;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.pipeline.SourceEvent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An indexer under test: feed it events, look at the changes. No database, no chain, no thread.
 *
 * <pre>{@code
 * IndexerTest test = IndexerTest.of(Erc20.indexer());
 * BlockChanges changes = test.emit(new Transferred(ALICE, BOB, TEN));
 * assertThat(changes.inserted(Account.class)).contains(new Account(BOB, TEN, 1));
 * }</pre>
 *
 * <p>Events travel as logs do: they are encoded, routed and decoded as their records declare, and
 * discovered contracts are followed. The handler of each event runs twice over the same rows, and
 * must do the same both times: in production, too, it may run more than once.
 */
public final class IndexerTest {
  private final EvmIndexer indexer;
  private final SerialOracle oracle;
  private final Map<String, List<Address>> addresses = new LinkedHashMap<>();
  private final Map<Bytes32, TransactionBody> sent = new HashMap<>();
  private long chain = 1;
  private long last;
  private @Nullable LogRouter router;

  private IndexerTest(EvmIndexer indexer) {
    this.indexer = indexer;
    this.oracle = new SerialOracle(indexer);
    for (String contract : indexer.contracts()) {
      addresses.put(
          contract,
          List.of(Address.of("0xc0de" + "0".repeat(34) + "%02x".formatted(addresses.size() + 1))));
    }
  }

  /**
   * Creates a test of an indexer. Each contract whose address comes from the config gets a made-up
   * address.
   */
  public static IndexerTest of(Indexer indexer) {
    if (indexer instanceof EvmIndexer evm) {
      return new IndexerTest(evm);
    }
    throw new IllegalArgumentException(
        "indexer must be built with Evm.indexer: type=" + indexer.getClass().getName());
  }

  /** Sets the chain id that handlers see. The default is 1. */
  public IndexerTest chain(long id) {
    requireFresh("chain");
    chain = id;
    return this;
  }

  /** Sets the addresses of a contract, as a config would. */
  public IndexerTest contract(String name, Address... at) {
    requireFresh("contract");
    if (addresses.replace(name, List.of(at)) == null) {
      throw new IllegalArgumentException(
          "contract has no address to choose: name=%s known=%s"
              .formatted(name, addresses.keySet()));
    }
    return this;
  }

  /** Returns the only address of a contract. */
  public Address address(String contract) {
    List<Address> at = addresses.getOrDefault(contract, List.of());
    if (at.size() != 1) {
      throw new IllegalArgumentException(
          "contract has no address of its own: name=%s addresses=%s".formatted(contract, at));
    }
    return at.getFirst();
  }

  /** Sets the answer of an effect to an input; effects without one are really called. */
  public <I, O> IndexerTest answer(Effect<I, O> effect, I input, O output) {
    oracle.answers().put(List.of(effect.name(), input), output);
    return this;
  }

  /** Begins the next block; {@link TestBlock#run} ends it. */
  public TestBlock block() {
    return new TestBlock(this, last + 1);
  }

  /** Runs one block with these events, each in a transaction of its own. */
  public BlockChanges emit(Object... events) {
    TestBlock block = block();
    for (Object event : events) {
      block.emit(event);
    }
    return block.run();
  }

  BlockChanges run(TestBlock testBlock) {
    if (testBlock.number() <= last) {
      throw new IllegalArgumentException(
          "block must come after the last one: number=%d last=%d"
              .formatted(testBlock.number(), last));
    }
    SourceBlock block =
        new SourceBlock(
            testBlock.number(),
            TestBlock.word(testBlock.number(), 0),
            TestBlock.word(testBlock.number() - 1, 0),
            testBlock.timestamp());
    Written written = new Written();
    int logIndex = 0;
    for (TestBlock.Emitted emitted : testBlock.emitted()) {
      handle(event(block, logIndex++, emitted), written);
    }
    return ended(block.number(), written);
  }

  /** Runs a whole stream, block by block. Returns the changes of each block with events. */
  public List<BlockChanges> run(Source source) throws InterruptedException {
    List<BlockChanges> all = new ArrayList<>();
    try (Source.Feed feed = source.open(Source.ResumePoint.START)) {
      while (feed.next(1) instanceof Batch batch) {
        Written written = new Written();
        for (int i = 0; i < batch.events().size(); i++) {
          SourceEvent event = batch.events().get(i);
          handle(event, written);
          long number = event.block().number();
          if (i + 1 == batch.events().size()
              || batch.events().get(i + 1).block().number() != number) {
            all.add(ended(number, written));
            written = new Written();
          }
        }
      }
    }
    return all;
  }

  /** Runs the whole content of a dev chain. */
  public List<BlockChanges> run(DevChain devChain) throws InterruptedException {
    return run(devChain.source(indexer));
  }

  private BlockChanges ended(long block, Written written) {
    last = block;
    return BlockChanges.of(block, oracle, written.before, written.triggers);
  }

  /** The rows that a block has written, in their state before it, and its triggers. */
  private static final class Written {
    private final Map<EntityType<?>, Map<Object, @Nullable Object>> before = new LinkedHashMap<>();
    private final List<OracleContext.TriggerCall> triggers = new ArrayList<>();
  }

  private SourceEvent event(SourceBlock block, int logIndex, TestBlock.Emitted emitted) {
    Address at = emitted.at().orElseGet(() -> address(emitted));
    EventEncoder encoder = EventEncoder.of(emitted.event().getClass());
    byte[] words = encoder.encode(emitted.event());
    TransactionBody body = emitted.transaction().body();
    sent.put(body.hash(), body);
    TransactionRef transaction = new TransactionRef(body.hash(), emitted.transaction().index());
    Log log = new Log(block, logIndex, transaction, at, encoder.topics(), words, words.length);
    SourceEvent event = router().route(log);
    if (event == null) {
      throw new IllegalArgumentException(
          ("no contract listens to this event here: event=%s address=%s; a contract that is found"
                  + " on the way is followed from the event that creates it")
              .formatted(emitted.event(), at));
    }
    return event;
  }

  private Address address(TestBlock.Emitted emitted) {
    Class<?> type = emitted.event().getClass();
    List<String> known =
        emitted
            .contract()
            .map(List::of)
            .orElseGet(() ->
                indexer.events().entrySet().stream()
                    .filter(contract -> contract.getValue().contains(type))
                    .map(Map.Entry::getKey)
                    .toList());
    if (known.size() != 1) {
      throw new IllegalArgumentException(
          known.isEmpty()
              ? "no contract has a handler for this event: event=%s known=%s"
                  .formatted(type.getSimpleName(), indexer.events())
              : "several contracts have a handler for this event, name one: event=%s contracts=%s"
                  .formatted(type.getSimpleName(), known));
    }
    return addresses.containsKey(known.getFirst()) ? address(known.getFirst()) : Address.ZERO;
  }

  private LogRouter router() {
    LogRouter made = router;
    if (made == null) {
      SourceRequest request =
          new SourceRequest(
              indexer, chain, List.of(), 0, new StopAt.Never(), Finality.AT_ONCE, addresses);
      made =
          LogRouter.of(
              request.withReading(SourceOptions.DEFAULTS.withUndecodable(Undecodable.STOP)),
              new EmittedBlocks(),
              List.of());
      router = made;
    }
    return made;
  }

  /** The facts of a test chain: blocks are complete, and transactions are known. */
  private final class EmittedBlocks implements BlockDataSource {
    @Override
    public BlockHeader header(Bytes32 blockHash) {
      throw new IllegalStateException("blocks of a test are complete: hash=" + blockHash);
    }

    @Override
    public TransactionBody transaction(Bytes32 hash, Bytes32 blockHash) {
      return Optional.ofNullable(sent.get(hash)).orElseThrow();
    }
  }

  private void handle(SourceEvent event, Written written) {
    OracleContext first = run(event);
    OracleContext again = run(event);
    if (!first.writes().equals(again.writes()) || !texts(first).equals(texts(again))) {
      throw new AssertionError(
          """
          handler is no function of its event and its Context: %s
            it wrote first: %s
            and then:       %s
          a mutable static, a clock or a draw may be behind it; what comes from outside is an effect\
          """
              .formatted(event.describe(), describe(first), describe(again)));
    }
    written.triggers.addAll(first.triggers());
    for (OracleContext.Write write : first.writes()) {
      Map<Object, @Nullable Object> rows =
          written.before.computeIfAbsent(write.type(), _ -> new HashMap<>());
      if (!rows.containsKey(write.id())) {
        rows.put(write.id(), oracle.table(write.type()).get(write.id()));
      }
      oracle.apply(write);
    }
  }

  private static List<String> texts(OracleContext context) {
    return context.triggers().stream().map(OracleContext.TriggerCall::toString).toList();
  }

  private static String describe(OracleContext context) {
    return context.triggers().isEmpty()
        ? context.writes().toString()
        : context.writes() + " triggers=" + context.triggers();
  }

  private OracleContext run(SourceEvent event) {
    OracleContext context = new OracleContext(oracle);
    try {
      event.handler().handle(event, context);
      context.rethrow();
      return context;
    } catch (Exception failed) {
      throw new AssertionError(
          "handler failed: %s error=%s".formatted(event.describe(), failed), failed);
    }
  }

  /** Returns the row of this id as the last block has left it. */
  public <E> Optional<E> find(Class<E> type, Object... id) {
    return new OracleContext(oracle).find(type, id);
  }

  /** All rows of an entity, in id order. */
  public <E> List<E> rows(Class<E> type) {
    return List.copyOf(oracle.rows(oracle.type(type)).values());
  }

  private void requireFresh(String what) {
    if (router != null) {
      throw new IllegalStateException("must be said before the first event: what=" + what);
    }
  }
}
