package dev.millrace.testkit;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.EventId;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.EventHandler;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.pipeline.SourceEvent;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A stream that a test defines block by block: each event is the code of its handler.
 *
 * <p>Blocks may be added while a lane reads the script; a script left {@link #open} waits for them.
 * Blocks may be {@link #cut} off and replaced: a feed that has delivered any of them reports a
 * rewind. Actions added with {@link #then} run when everything so far has been read, unless {@link
 * #proceed} has run them before.
 */
public final class ScriptedSource implements Source {
  private static final long PATIENCE_NANOS = 10_000_000;
  private static final long LOOK_UP_NANOS = 200_000;
  private static final Instant GENESIS = Instant.parse("2024-01-01T00:00:00Z");

  /** The code of a handler at one event. */
  @FunctionalInterface
  public interface Step {
    void run(Context context) throws Exception;
  }

  /**
   * An event of a script.
   *
   * @param creates the contract that the event creates; null for most
   * @param of the contract that emits it, if that must be discovered first: until then it is
   *     skipped
   */
  public record ScriptedEvent(
      EventHandler handler, @Nullable Address creates, @Nullable Address of) {
    static ScriptedEvent of(EventHandler handler) {
      return new ScriptedEvent(handler, null, null);
    }
  }

  /** A block of one branch. */
  public record ScriptedBlock(SourceBlock block, List<ScriptedEvent> lines) {}

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final List<ScriptedBlock> blocks = new ArrayList<>(); // guarded by lock
  private final Deque<Runnable> plans = new ArrayDeque<>(); // guarded by lock
  private long branch; // guarded by lock
  private long finalBlock = Long.MAX_VALUE - 1; // guarded by lock
  private boolean open; // guarded by lock
  private BooleanSupplier patience = () -> true; // guarded by lock
  private boolean waited; // guarded by lock

  /** Adds a block with an event per step. */
  public ScriptedSource block(Step... steps) {
    List<EventHandler> handlers = new ArrayList<>();
    for (Step step : steps) {
      handlers.add(handler("step", step));
    }
    return block(handlers);
  }

  /** Adds a block with an event per handler. */
  public ScriptedSource block(List<? extends EventHandler> handlers) {
    return lines(handlers.stream().map(ScriptedEvent::of).toList());
  }

  /** Adds a block with an event per line whose contract is known. */
  public ScriptedSource lines(List<ScriptedEvent> lines) {
    return locked(() -> {
      int number = blocks.size();
      Bytes32 parent = number == 0 ? Bytes32.ZERO : blocks.getLast().block().hash();
      Bytes32 hash = Bytes32.of("0x%032x%032x".formatted(branch + 1, number + 1_000_000));
      blocks.add(
          new ScriptedBlock(
              new SourceBlock(number, hash, parent, GENESIS.plusSeconds(12L * number)), lines));
      return this;
    });
  }

  /** Removes all blocks from this one on; blocks added later form another branch. */
  public List<ScriptedBlock> cut(long from) {
    return locked(() -> {
      if (from <= finalBlock) {
        throw new IllegalArgumentException(
            "final blocks stay: from=%d final=%d".formatted(from, finalBlock));
      }
      List<ScriptedBlock> tail = blocks.subList((int) from, blocks.size());
      List<ScriptedBlock> taken = List.copyOf(tail);
      tail.clear();
      branch++;
      return taken;
    });
  }

  /** Restores the blocks of a branch that was cut off, in place of the current ones. */
  public ScriptedSource paste(List<ScriptedBlock> branchAgain) {
    return locked(() -> {
      cut(branchAgain.getFirst().block().number());
      blocks.addAll(branchAgain);
      return this;
    });
  }

  /** Adds an action for the chain to take next. */
  public ScriptedSource then(Runnable plan) {
    return locked(() -> {
      plans.add(plan);
      return this;
    });
  }

  /**
   * Makes a feed that has read everything pause, before most actions, until the condition holds.
   */
  public ScriptedSource patientUntil(BooleanSupplier durable) {
    return locked(() -> {
      patience = durable;
      return this;
    });
  }

  /** Runs the next planned action now; false if there is none. */
  public boolean proceed() {
    return locked(() -> {
      waited = false;
      Runnable plan = plans.poll();
      if (plan != null) {
        plan.run();
      }
      return plan != null;
    });
  }

  /** Number of cuts so far, which identifies the branch. */
  public long branch() {
    return locked(() -> branch);
  }

  /** The current blocks. */
  public List<ScriptedBlock> currentBlocks() {
    return locked(() -> List.copyOf(blocks));
  }

  /** Makes this block and those below it final. */
  public ScriptedSource finalTo(long block) {
    return locked(() -> {
      finalBlock = block;
      return this;
    });
  }

  public long finalBlock() {
    return locked(() -> finalBlock);
  }

  private <T> T locked(Supplier<T> action) {
    lock.lock();
    try {
      T result = action.get();
      changed.signalAll();
      return result;
    } finally {
      lock.unlock();
    }
  }

  /** Adds this many blocks without events. */
  public ScriptedSource quiet(int count) {
    for (int i = 0; i < count; i++) {
      block();
    }
    return this;
  }

  /** Makes blocks from this one on reversible. */
  public ScriptedSource reversibleFrom(long block) {
    return finalTo(block - 1);
  }

  /** Leaves the stream open: a feed that has read everything waits. */
  public ScriptedSource open() {
    return setOpen(true);
  }

  /** Ends the stream after the current blocks. */
  public ScriptedSource end() {
    return setOpen(false);
  }

  private ScriptedSource setOpen(boolean more) {
    return locked(() -> {
      open = more;
      return this;
    });
  }

  public static EventHandler handler(String name, Step step) {
    return new EventHandler() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public void handle(SourceEvent event, Context context) throws Exception {
        step.run(context);
      }
    };
  }

  @Override
  public Feed open(ResumePoint resumePoint) {
    return new ScriptedFeed(resumePoint);
  }

  private final class ScriptedFeed implements Feed {
    /** Blocks that this feed and earlier ones have delivered, as far as they may be replaced. */
    private final List<BlockRef> delivered; // guarded by lock

    private final Set<Address> known = new HashSet<>(); // guarded by lock
    private int next; // guarded by lock
    private boolean closed; // guarded by lock

    private ScriptedFeed(ResumePoint resumePoint) {
      BlockRef last = resumePoint.last();
      this.delivered = new ArrayList<>(resumePoint.window());
      this.next = last == null ? 0 : (int) last.block() + 1;
      resumePoint.found().forEach(found -> known.add(found.address()));
    }

    @Override
    public Source.@Nullable Step next(int wanted) throws InterruptedException {
      lock.lockInterruptibly();
      try {
        while (!closed) {
          if (!isOnChain(delivered.isEmpty() ? null : delivered.getLast())) {
            return rewind();
          }
          if (next < blocks.size()) {
            return batch(wanted);
          }
          if (!waited && plans.size() % 4 != 0) {
            waited = true;
            awaitPatiently(); // a reorg may happen meanwhile
            continue;
          }
          if (!proceed()) {
            if (!open) {
              return null;
            }
            changed.await();
          }
        }
        throw new InterruptedException("feed was closed");
      } finally {
        lock.unlock();
      }
    }

    /** Holds the lock, but not while it waits. */
    private void awaitPatiently() throws InterruptedException {
      long until = System.nanoTime() + PATIENCE_NANOS;
      while (!patience.getAsBoolean() && System.nanoTime() - until < 0) {
        changed.awaitNanos(LOOK_UP_NANOS);
      }
    }

    private boolean isOnChain(@Nullable BlockRef place) {
      return place == null
          || (place.block() < blocks.size()
              && blocks.get((int) place.block()).block().hash().equals(place.hash()));
    }

    private Rewind rewind() {
      List<BlockRef> shared = delivered.stream().filter(this::isOnChain).toList();
      return new Rewind(shared.isEmpty() ? null : shared.getLast());
    }

    /** The caller holds the lock. */
    private Batch batch(int wanted) {
      boolean reversible = next > finalBlock;
      List<SourceEvent> events = new ArrayList<>();
      List<SourceBlock> remembered = new ArrayList<>();
      List<DiscoveredContract> found = new ArrayList<>();
      SourceBlock last = blocks.get(next).block();
      while (next < blocks.size() && events.size() < wanted && (reversible || next <= finalBlock)) {
        ScriptedBlock one = blocks.get(next);
        next++;
        last = one.block();
        deliver(one, events, found);
        delivered.add(new BlockRef(last.number(), last.hash()));
        if (reversible) {
          remembered.add(last);
        }
      }
      return new Batch(events, remembered, last, finalBlock, found);
    }

    private void deliver(
        ScriptedBlock one, List<SourceEvent> events, List<DiscoveredContract> found) {
      long number = one.block().number();
      for (int index = 0; index < one.lines().size(); index++) {
        ScriptedEvent line = one.lines().get(index);
        if (line.of() == null || known.contains(line.of())) {
          events.add(new SourceEvent(one.block(), index, line.handler(), number));
        }
        Address created = line.creates();
        if (created != null && known.add(created)) {
          found.add(new DiscoveredContract("Child", created, EventId.of(number, index)));
        }
      }
    }

    @Override
    public BlockRange extent() {
      return locked(() ->
          new BlockRange(
              OptionalLong.of(0),
              OptionalLong.of(blocks.size() - 1L),
              OptionalLong.of(blocks.stream().mapToLong(one -> one.lines().size()).sum())));
    }

    @Override
    public String waitingFor() {
      return "the next block";
    }

    @Override
    public void close() {
      locked(() -> closed = true);
    }
  }
}
