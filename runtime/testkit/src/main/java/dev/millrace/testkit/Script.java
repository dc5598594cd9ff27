package dev.millrace.testkit;

import dev.millrace.loaders.Bytes32;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Block;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.Event;
import dev.millrace.pipeline.EventHandler;
import dev.millrace.pipeline.Source;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A stream written down by a test, block by block: each event is what its handler does.
 *
 * <p>Blocks may be added while a lane reads it; a script that is left {@link #open} waits for them.
 */
public final class Script implements Source {
  private static final Instant GENESIS = Instant.parse("2024-01-01T00:00:00Z");

  /** What a handler does at one event. */
  @FunctionalInterface
  public interface Step {
    void run(Context context) throws Exception;
  }

  private record Told(Block block, List<Event> events) {}

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final List<Told> blocks = new ArrayList<>(); // guarded by lock
  private long reversibleFrom = Long.MAX_VALUE; // guarded by lock
  private boolean open; // guarded by lock

  /** The next block, with an event per step. */
  public Script block(Step... steps) {
    List<EventHandler> handlers = new ArrayList<>();
    for (Step step : steps) {
      handlers.add(handler("step", step));
    }
    return block(handlers);
  }

  /** The next block, with an event per handler. */
  public Script block(List<? extends EventHandler> handlers) {
    lock.lock();
    try {
      long number = blocks.size();
      Block block =
          new Block(number, hash(number), hash(number - 1), GENESIS.plusSeconds(12 * number));
      List<Event> events = new ArrayList<>();
      for (EventHandler handler : handlers) {
        events.add(new Event(block, events.size(), handler, number));
      }
      blocks.add(new Told(block, events));
      changed.signalAll();
      return this;
    } finally {
      lock.unlock();
    }
  }

  /** This many blocks without events. */
  public Script quiet(int count) {
    for (int i = 0; i < count; i++) {
      block();
    }
    return this;
  }

  /** From this block on, a reorg may replace what follows. */
  public Script reversibleFrom(long block) {
    lock.lock();
    try {
      reversibleFrom = block;
      return this;
    } finally {
      lock.unlock();
    }
  }

  /** More may come: whoever has read everything waits. */
  public Script open() {
    return setOpen(true);
  }

  /** Nothing more comes. */
  public Script end() {
    return setOpen(false);
  }

  private Script setOpen(boolean more) {
    lock.lock();
    try {
      open = more;
      changed.signalAll();
      return this;
    } finally {
      lock.unlock();
    }
  }

  public static EventHandler handler(String name, Step step) {
    return new EventHandler() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public void handle(Event event, Context context) throws Exception {
        step.run(context);
      }
    };
  }

  private static Bytes32 hash(long block) {
    return Bytes32.of("0x%064x".formatted(block + 1_000_000));
  }

  @Override
  public Feed open(Standing standing) {
    Place last = standing.last();
    return new ScriptFeed(last == null ? 0 : (int) last.block() + 1);
  }

  private final class ScriptFeed implements Feed {
    private int next; // guarded by lock
    private boolean closed; // guarded by lock

    private ScriptFeed(int next) {
      this.next = next;
    }

    @Override
    public @Nullable Batch next(int wanted) throws InterruptedException {
      lock.lockInterruptibly();
      try {
        while (next == blocks.size() && open && !closed) {
          changed.await();
        }
        if (closed) {
          throw new InterruptedException("feed was closed");
        }
        return next == blocks.size() ? null : batch(wanted);
      } finally {
        lock.unlock();
      }
    }

    /** Holds the lock. */
    private Batch batch(int wanted) {
      boolean reversible = next >= reversibleFrom;
      List<Event> events = new ArrayList<>();
      List<Block> remembered = new ArrayList<>();
      Block last = blocks.get(next).block();
      while (next < blocks.size()
          && events.size() < wanted
          && (reversible || next < reversibleFrom)) {
        Told told = blocks.get(next);
        next++;
        events.addAll(told.events());
        last = told.block();
        if (reversible) {
          remembered.add(last);
        }
      }
      return new Batch(events, remembered, last, reversibleFrom - 1, List.of());
    }

    @Override
    public Extent extent() {
      lock.lock();
      try {
        long events = blocks.stream().mapToLong(told -> told.events().size()).sum();
        return new Extent(
            OptionalLong.of(0), OptionalLong.of(blocks.size() - 1L), OptionalLong.of(events));
      } finally {
        lock.unlock();
      }
    }

    @Override
    public String waitingFor() {
      return "the next block";
    }

    @Override
    public void close() {
      lock.lock();
      try {
        closed = true;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }
}
