package dev.millrace.benchmarks;

import dev.millrace.benchmarks.BenchmarkAccounts.Account;
import dev.millrace.benchmarks.BenchmarkAccounts.Item;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.QueryBuilder;
import dev.millrace.staging.ChangeSet;
import dev.millrace.staging.ReadThroughLoader;
import dev.millrace.staging.StagedState;
import dev.millrace.staging.StagedStore;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The cost of a handler's read or write that memory answers: at most 60 ns for a find among 30,000
 * ids. A million ids no longer fit any cache of the processor, so their cost is the latency of the
 * memory.
 *
 * <p>The path is that of {@code Context.find}: the definition of the class, the id from its parts,
 * the store, an {@code Optional}. Ids are equal to those in the store but never the same objects,
 * as if they had just been decoded.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms1g", "-Xmx1g", "-XX:+UseCompactObjectHeaders"})
public class StagedStoreBenchmark {
  private static final int DRAWS = 1 << 15;
  private static final int BATCH = 20_000;
  private static final int ITEMS_PER_OWNER = 10;

  @Param({"30000", "1000000"})
  public int ids;

  private final StagedStore store =
      new StagedStore(List.of(BenchmarkAccounts.ACCOUNT, BenchmarkAccounts.ITEM));
  private final ReadThroughLoader loader = new ReadThroughLoader(store, new RefusedReads());
  private Address[] known = {};
  private Address[] unknownAccounts = {};
  private Address[] owners = {};
  private int next;

  /** Fills a store that was empty when the lane began; everything in memory is durable. */
  @Setup
  public void fill() {
    store.open(0, List.of(BenchmarkAccounts.ACCOUNT, BenchmarkAccounts.ITEM));
    store.begin(false);
    store.nextBlock();
    for (int i = 0; i < ids; i++) {
      store.save(Account.empty(BenchmarkAccounts.address(i)));
      store.save(new Item(i, BenchmarkAccounts.address(i / ITEMS_PER_OWNER)));
    }
    store.freeze();
    store.committed(store.checkpoint());
    known = BenchmarkAccounts.draws(DRAWS, ids);
    owners = BenchmarkAccounts.draws(DRAWS, ids / ITEMS_PER_OWNER);
    unknownAccounts = new Address[DRAWS];
    for (int i = 0; i < DRAWS; i++) {
      unknownAccounts[i] = BenchmarkAccounts.address(ids + (long) i);
    }
    store.begin(false);
    store.nextBlock();
  }

  @Benchmark
  public Optional<?> findHit() {
    return find(Account.class, known[next++ & (DRAWS - 1)]);
  }

  /** On a table that began empty a miss needs no query: there is no such row. */
  @Benchmark
  public Optional<?> findMiss() {
    return find(Account.class, unknownAccounts[next++ & (DRAWS - 1)]);
  }

  private <E> Optional<E> find(Class<E> type, Object... id) {
    EntityType<E> entity = store.type(type);
    StagedState<E> staged = store.find(entity, entity.id(id));
    return staged instanceof StagedState.Present<E>(E row) ? Optional.of(row) : Optional.empty();
  }

  /** Finds ten rows of one owner among all. */
  @Benchmark
  public List<?> findBy() {
    return new QueryBuilder<>(BenchmarkAccounts.ITEM, loader::query, StagedStoreBenchmark::failed)
        .where(Item::owner)
        .is(owners[next++ & (DRAWS - 1)])
        .list();
  }

  private static RuntimeException failed(Throwable thrown) {
    return new IllegalStateException(thrown);
  }

  /** Saves a batch of existing ids, a hundred to a block, from its begin to its commit. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public ChangeSet save() {
    store.begin(false);
    for (int i = 0; i < BATCH; i++) {
      if (i % 100 == 0) {
        store.nextBlock();
      }
      store.nextEvent(i);
      store.save(Account.empty(known[next++ & (DRAWS - 1)]));
    }
    ChangeSet changes = store.freeze();
    store.committed(store.checkpoint());
    return changes;
  }
}
