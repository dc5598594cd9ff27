package dev.millrace.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.evm.BlockDataSource;
import dev.millrace.evm.BlockHeader;
import dev.millrace.evm.Event;
import dev.millrace.evm.Evm;
import dev.millrace.evm.EvmContext;
import dev.millrace.evm.EvmHandler;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.evm.EvmTransaction;
import dev.millrace.evm.Finality;
import dev.millrace.evm.Log;
import dev.millrace.evm.LogRouter;
import dev.millrace.evm.SourceRequest;
import dev.millrace.evm.StopAt;
import dev.millrace.evm.TransactionBody;
import dev.millrace.evm.TransactionRef;
import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.lane.LaneSettings;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceBlock;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Fields of a block and a transaction that a log does not carry: when and how often they load. */
@Timeout(60)
final class LazyFieldsTest {
  private static final Address CONTRACT = Address.of("0x00000000000000000000000000000000000000aa");
  private static final int BLOCKS = 20;
  private static final int LOGS = 3;

  @Event("Ping()")
  record Ping() {}

  @Entity
  record Seen(@Id EventId id, String what) {}

  private static final EvmIndexer DEFINITION = indexer((_, _) -> {});

  @SuppressWarnings("unchecked")
  private static final EntityType<Seen> SEEN = (EntityType<Seen>) DEFINITION.entities().getFirst();

  private static Bytes32 hash(long branch, long number) {
    return Bytes32.of("0x%032x%032x".formatted(branch, number));
  }

  private static Instant time(long number) {
    return Instant.ofEpochSecond(1_700_000_000 + 12 * number);
  }

  /** Knows everything about one branch and counts the requests. */
  private static final class Facts implements BlockDataSource {
    final Map<Bytes32, AtomicInteger> headers = new ConcurrentHashMap<>();
    final Map<Bytes32, AtomicInteger> transactions = new ConcurrentHashMap<>();
    final Set<Bytes32> replaced = ConcurrentHashMap.newKeySet();
    volatile CountDownLatch asked = new CountDownLatch(0);
    final CountDownLatch refused = new CountDownLatch(1);
    volatile boolean ahead;

    @Override
    public BlockHeader header(Bytes32 hash) throws InterruptedException {
      headers.computeIfAbsent(hash, _ -> new AtomicInteger()).incrementAndGet();
      asked.countDown();
      if (!asked.await(20, TimeUnit.SECONDS)) {
        throw new IllegalStateException("headers are loaded one by one: left=" + asked.getCount());
      }
      if (replaced.contains(hash)) {
        refused.countDown();
        throw new MillraceException(Remedy.REWIND, "block is not known any more: hash=" + hash);
      }
      long number = new BigInteger(1, hash.bytes()).longValue();
      return new BlockHeader(number, hash, hash(0, number), time(number));
    }

    @Override
    public TransactionBody transaction(Bytes32 hash, Bytes32 blockHash) {
      transactions.computeIfAbsent(hash, _ -> new AtomicInteger()).incrementAndGet();
      return body(hash);
    }

    private static TransactionBody body(Bytes32 hash) {
      long number = new BigInteger(1, hash.bytes()).longValue();
      Address from = Address.of(hash.bytes(), 12);
      return new TransactionBody(
          hash,
          from,
          number % 2 == 0 ? null : CONTRACT,
          BigInteger.valueOf(number),
          Bytes.of("0x0102"),
          number);
    }

    @Override
    public @Nullable TransactionBody fetched(Bytes32 hash, Bytes32 blockHash) {
      return ahead ? body(hash) : null;
    }
  }

  /** Delivers prepared steps, and a rewind once a header has been refused. */
  private record Steps(Deque<Source.Step> steps, CountDownLatch refused) implements Source {
    @Override
    public Feed open(ResumePoint resumePoint) {
      return new Feed() {
        @Override
        public @Nullable Step next(int events) throws InterruptedException {
          Step step = steps.poll();
          if (step instanceof Rewind) {
            refused.await();
          }
          return step;
        }

        @Override
        public BlockRange extent() {
          return new BlockRange(OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty());
        }

        @Override
        public String waitingFor() {
          return "";
        }

        @Override
        public void close() {}
      };
    }
  }

  private final Facts facts = new Facts();
  private final MemoryStore store = new MemoryStore(List.of(SEEN));
  private final Deque<Source.Step> steps = new ArrayDeque<>();

  private LogRouter handling(EvmHandler<Ping> handler) {
    SourceRequest request =
        new SourceRequest(
            indexer(handler),
            1,
            List.of(),
            0,
            new StopAt.Never(),
            Finality.AT_ONCE,
            Map.of("Pinger", List.of(CONTRACT)));
    return LogRouter.of(request, facts, List.of());
  }

  private static EvmIndexer indexer(EvmHandler<Ping> handler) {
    return Evm.indexer("lazy")
        .entities(Seen.class)
        .contract("Pinger", pinger -> pinger.on(Ping.class, handler))
        .build();
  }

  /** Blocks of which a log has only number and hash, except the last one, which is complete. */
  private static Batch batch(LogRouter router, long branch, long finalBlock) {
    byte[] topic = router.filters().getFirst().topics().getFirst().bytes();
    List<dev.millrace.pipeline.SourceEvent> events = new ArrayList<>();
    SourceBlock block = new SourceBlock(0, hash(branch, 0));
    for (int number = 0; number < BLOCKS; number++) {
      block = new SourceBlock(number, hash(branch, number));
      if (number == BLOCKS - 1) {
        block = new SourceBlock(number, block.hash(), hash(branch, number - 1), time(number));
      }
      for (int index = 0; index < LOGS; index++) {
        TransactionRef transaction = new TransactionRef(hash(branch, 1_000 + number), 0);
        Log log = new Log(block, index, transaction, CONTRACT, 1, topic, topic.length);
        dev.millrace.pipeline.SourceEvent event = router.route(log);
        if (event != null) {
          events.add(event);
        }
      }
    }
    return new Batch(events, List.of(), block, finalBlock, List.of());
  }

  private LaneOutcome run() throws InterruptedException {
    try (Lane lane =
        new Lane(
            "1",
            DEFINITION,
            new Steps(steps, facts.refused),
            store.takeOver("1"),
            new LaneSettings(2, 1_000, 64L << 20, 64L << 20),
            Failpoint.NONE)) {
      lane.start();
      return lane.await();
    }
  }

  private List<String> seen() {
    return store.rows("1", SEEN).values().stream().map(Seen::what).distinct().toList();
  }

  private static Address sender(long transaction) {
    return Address.of(hash(1, transaction).bytes(), 12);
  }

  private static void time(Ping event, EvmContext context) {
    context.save(new Seen(context.eventId(), context.block().timestamp().toString()));
  }

  @Test
  void header_isLoadedOnFirstUse_manyTogether_andOnce() throws Exception {
    LogRouter router = handling(LazyFieldsTest::time);
    steps.add(batch(router, 1, 100));
    facts.asked = new CountDownLatch(BLOCKS - 1);

    assertThat(router.fields().header()).isFalse();
    assertThat(run()).isEqualTo(new LaneOutcome.Done());

    assertThat(router.fields().header()).isTrue();
    assertThat(router.fields().transaction()).isFalse();
    assertThat(facts.headers).hasSize(BLOCKS - 1).doesNotContainKey(hash(1, BLOCKS - 1));
    assertThat(facts.headers.values()).allSatisfy(count -> assertThat(count).hasValue(1));
    assertThat(store.rows("1", SEEN).get(EventId.of(7, 2)))
        .isEqualTo(new Seen(EventId.of(7, 2), time(7).toString()));
  }

  @Test
  void numberAndHash_areNeverLoaded() throws Exception {
    LogRouter router =
        handling((_, context) -> {
          String what =
              context.block().number()
                  + " "
                  + context.block().hash()
                  + " "
                  + context.transaction().hash()
                  + " "
                  + context.transaction().index();
          context.save(new Seen(context.eventId(), what));
        });
    steps.add(batch(router, 1, 100));

    assertThat(run()).isEqualTo(new LaneOutcome.Done());

    assertThat(facts.headers).isEmpty();
    assertThat(facts.transactions).isEmpty();
    assertThat(router.fields().header()).isFalse();
  }

  @Test
  void transaction_isLoadedOnce() throws Exception {
    EvmHandler<Ping> handler =
        (_, context) -> {
          var transaction = context.transaction();
          String what =
              "%s %s %s %d"
                  .formatted(
                      transaction.from(),
                      transaction.to().map(Address::toString).orElse("creates"),
                      transaction.value(),
                      transaction.nonce());
          context.save(new Seen(context.eventId(), what + " " + context.block().parent()));
        };
    LogRouter router = handling(handler);
    steps.add(batch(router, 1, 100));

    assertThat(run()).isEqualTo(new LaneOutcome.Done());

    assertThat(router.fields().transaction()).isTrue();
    assertThat(facts.transactions).hasSize(BLOCKS);
    assertThat(facts.transactions.values()).allSatisfy(count -> assertThat(count).hasValue(1));
    assertThat(seen())
        .hasSize(BLOCKS)
        .contains(
            sender(1004) + " creates 1004 1004 " + hash(0, 4),
            sender(1005) + " " + CONTRACT + " 1005 1005 " + hash(0, 5));
  }

  /** Each feed has a router of its own, and an ordinary reorg opens another feed. */
  @Test
  @Tag("A46")
  @DisplayName("A46 handlers read their transactions, their inputs and parents, and a reorg comes")
  void transaction_isReadAfterAReorgAsWell() throws Exception {
    EvmHandler<Ping> handler =
        (_, context) -> {
          EvmTransaction transaction = context.transaction();
          String what = transaction.from() + " " + transaction.input();
          context.save(new Seen(context.eventId(), what + " " + context.block().parent()));
          if (context.block().hash().equals(hash(1, BLOCKS - 1))) {
            facts.refused.countDown(); // the reorg comes once these have been read
          }
        };
    steps.add(batch(handling(handler), 1, -1));
    steps.add(new Source.Rewind(null));
    steps.add(batch(handling(handler), 2, 100));

    assertThat(run()).isEqualTo(new LaneOutcome.Done());
    assertThat(seen()).hasSize(BLOCKS);
  }

  @Test
  void input_isLoadedOnce() throws Exception {
    LogRouter router =
        handling((_, context) ->
            context.save(new Seen(context.eventId(), context.transaction().input().toString())));
    steps.add(batch(router, 1, 100));

    assertThat(run()).isEqualTo(new LaneOutcome.Done());
    assertThat(facts.transactions.values()).allSatisfy(count -> assertThat(count).hasValue(1));
    assertThat(seen()).containsExactly("0x0102");
  }

  @Test
  void transaction_isNotLoadedWhereItWasFetchedAhead() throws Exception {
    LogRouter router =
        handling((_, context) ->
            context.save(
                new Seen(
                    context.eventId(),
                    context.transaction().input() + " " + context.transaction().from())));
    steps.add(batch(router, 1, 100));
    facts.ahead = true;

    assertThat(run()).isEqualTo(new LaneOutcome.Done());

    assertThat(facts.transactions).isEmpty();
    assertThat(seen()).hasSize(BLOCKS).allMatch(what -> what.startsWith("0x0102 0x"));
  }

  /** A time request for a block that no node knows any more is no failure of the handler. */
  @Test
  void header_ofAReplacedBlockIsNewsOfAReorg() throws Exception {
    LogRouter router = handling(LazyFieldsTest::time);
    facts.replaced.add(hash(1, 3));
    steps.add(batch(router, 1, -1));
    steps.add(new Source.Rewind(null));
    steps.add(batch(router, 2, -1));

    assertThat(run()).isEqualTo(new LaneOutcome.Done());

    assertThat(facts.headers).containsKey(hash(2, 3));
    assertThat(store.rows("1", SEEN)).hasSize(BLOCKS * LOGS);
  }
}
