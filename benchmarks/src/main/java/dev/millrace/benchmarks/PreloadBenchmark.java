package dev.millrace.benchmarks;

import dev.millrace.benchmarks.BenchmarkAccounts.Account;
import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneOutcome;
import dev.millrace.lane.LaneSettings;
import dev.millrace.loaders.Address;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.EventHandler;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.SourceEvent;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The cost of grouping the reads of a batch, and the number of queries left: 20,000 events that
 * read and write two accounts each, 30,000 accounts in all.
 *
 * <p>If the accounts exist in the database, a pass sends one query per entity and round: two, as a
 * handler reads its second account after the first. On a table that began empty it sends none. A
 * query answers from a map at once, so the time is ours alone: preload, run, freezing and an empty
 * commit.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 20)
@Measurement(iterations = 20)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms1g", "-Xmx1g", "-XX:+UseCompactObjectHeaders"})
public class PreloadBenchmark {
  private static final int EVENTS = 20_000;
  private static final int IDS = 30_000;

  /** The contents of the accounts' table when the lane began. */
  public enum Table {
    EXISTING,
    EMPTY
  }

  /** Sums over the iterations: queries per pass are {@code queries / passes}. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.EVENTS)
  public static class Counted {
    public int queries;
    public int passes;

    @Setup(Level.Iteration)
    public void clear() {
      queries = 0;
      passes = 0;
    }
  }

  @Param public Table table = Table.EMPTY;

  private final Map<Object, Account> rows = new HashMap<>();
  private final Address[] owners = new Address[2 * EVENTS];

  /** Draws every account: the first 30,000 draws are all of them, the others repeat some. */
  @Setup
  public void fill() {
    Address[] again = BenchmarkAccounts.draws(2 * EVENTS - IDS, IDS);
    for (int i = 0; i < owners.length; i++) {
      owners[i] = i < IDS ? BenchmarkAccounts.address(i) : again[i - IDS];
    }
    for (int i = 0; i < IDS && table == Table.EXISTING; i++) {
      Account account = Account.empty(BenchmarkAccounts.address(i));
      rows.put(account.address(), account);
    }
  }

  @Benchmark
  public LaneOutcome pass(Counted counted) throws InterruptedException {
    InjectedStore store = new InjectedStore(rows, () -> {});
    SyntheticSource source =
        new SyntheticSource(1, EVENTS, new Move(List.of(owners)), SyntheticSource.Gate.OPEN);
    LaneSettings settings = new LaneSettings(0, EVENTS, 1L << 28, 1L << 28);
    try (Lane lane =
        new Lane(
            "preload",
            new InjectedPipeline.Beating(List.of(BenchmarkAccounts.ACCOUNT)),
            source,
            store,
            settings,
            Failpoint.NONE)) {
      lane.start();
      LaneOutcome end = lane.await();
      if (!(end instanceof LaneOutcome.Done)) {
        throw new IllegalStateException("pass must end: end=" + end);
      }
      counted.queries += store.queries();
      counted.passes++;
      return end;
    }
  }

  private record Move(List<Address> owners) implements EventHandler {
    @Override
    public String name() {
      return "move";
    }

    @Override
    public void handle(SourceEvent event, Context context) {
      int number = (int) (long) event.payload();
      move(context, owners.get(2 * number), -1);
      move(context, owners.get(2 * number + 1), 1);
    }

    private static void move(Context context, Address owner, long amount) {
      Account account = context.find(Account.class, owner).orElseGet(() -> Account.empty(owner));
      context.save(account.plus(amount));
    }
  }
}
