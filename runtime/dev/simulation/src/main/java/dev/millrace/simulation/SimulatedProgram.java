package dev.millrace.simulation;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Storage;
import dev.millrace.loaders.TriggerableJob;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.Effect;
import dev.millrace.pipeline.EventHandler;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.SourceEvent;
import dev.millrace.simulation.SimulatedOperations.Move;
import dev.millrace.testkit.ScriptedSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;

/** A random program and the random chain that it runs over, both made from a seed. */
final class SimulatedProgram implements Indexer {
  private final SimulatedRouting routing;
  private final long seed;
  private final int busy;
  private final ScriptedSource script = new ScriptedSource();
  private final List<List<Move>> handlers = new ArrayList<>();
  private final SimulatedOperations.SimSpread spread;
  private final Effect<Long, Long> outside =
      Effect.of("outside", Long.class, Long.class, SimulatedProgram::answer);
  private final Effect<String, String> once =
      Effect.of("once", String.class, String.class, input -> input + "!").persisted();
  private int events;
  private int poisoned = -1;
  private long poisonedBlock = -1;

  /** Creates a chain of its own, with at most this many blocks. */
  SimulatedProgram(long seed, int mostBlocks, SimulatedRouting routing) {
    this.seed = seed;
    this.routing = routing;
    Random random = new Random(seed);
    this.spread =
        new SimulatedOperations.SimSpread(
            wide(random, 4, 60), wide(random, 2, 20), wide(random, 5, 40));
    for (int i = 1 + random.nextInt(4); i > 0; i--) {
      List<Move> moves = new ArrayList<>();
      for (int j = 1 + random.nextInt(6); j > 0; j--) {
        moves.add(SimulatedOperations.ALL.get(random.nextInt(SimulatedOperations.ALL.size())));
      }
      handlers.add(moves);
    }
    if (random.nextInt(24) == 0) {
      handlers.getFirst().add(SimulatedOperations.UNDER_A_LOCK);
    }
    int planned = 5 + random.nextInt(45);
    this.busy = 1 + random.nextInt(6);
    if (random.nextInt(12) == 0) {
      poisoned = random.nextInt(planned * busy / 2 + 1);
    }
    boolean reversible = random.nextInt(3) > 0;
    if (reversible) {
      script.reversibleFrom(random.nextInt(planned + 1));
    }
    int blocks = Math.min(planned, mostBlocks);
    for (int block = 0; block < blocks; block++) {
      script.lines(lines(random));
    }
    if (reversible && poisoned < 0) {
      SimulatedForks forks = new SimulatedForks(script, new Random(seed * 7919), this::lines);
      for (int i = random.nextInt(8); i > 0; i--) {
        script.then(forks::step);
      }
    }
  }

  /** Returns the lines of one more block. */
  private List<ScriptedSource.ScriptedEvent> lines(Random random) {
    List<ScriptedSource.ScriptedEvent> drawn = new ArrayList<>();
    int count = random.nextInt(3) == 0 ? 0 : random.nextInt(busy + 1);
    for (int i = 0; i < count; i++) {
      boolean poison = events == poisoned;
      poisonedBlock = poison ? script.currentBlocks().size() : poisonedBlock;
      events++;
      EventHandler handler = event(random.nextInt(handlers.size()), random.nextLong(), poison);
      Address created = random.nextInt(6) == 0 ? child(random) : null;
      Address by = !poison && random.nextInt(5) == 0 ? child(random) : null;
      drawn.add(new ScriptedSource.ScriptedEvent(handler, created, by));
    }
    return drawn;
  }

  /** Draws from few addresses, so that one contract is often created again on another branch. */
  private static Address child(Random random) {
    return Address.of("0x%040x".formatted(0xC0 + random.nextInt(4)));
  }

  /** Takes a moment, as an outside service does. */
  private static long answer(long input) {
    LockSupport.parkNanos(input * 50_000);
    return input * 7 - 3;
  }

  private static int wide(Random random, int narrow, int wide) {
    return random.nextBoolean() ? narrow : wide;
  }

  private EventHandler event(int handler, long eventSeed, boolean poison) {
    List<Move> moves = handlers.get(handler);
    return new EventHandler() {
      @Override
      public String name() {
        return "program-" + handler;
      }

      @Override
      public void handle(SourceEvent event, Context context) {
        Context allowed = new SimulatedContext(context, routing.unread());
        new SimulatedOperations(allowed, spread, outside, once, eventSeed).make(moves, event.id());
        if (poison) {
          hideContextError(context);
        }
      }
    };
  }

  /** Hides an error of the Context, which must fail the event all the same. */
  private static void hideContextError(Context context) {
    try {
      context.require(SimulatedRows.Account.class, Address.of("0x" + "ff".repeat(20)));
    } catch (RuntimeException hidden) {
      context.delete(SimulatedRows.Spot.class, 0L);
    }
  }

  @Override
  public String name() {
    return "sim_" + seed;
  }

  @Override
  public List<EntityType<?>> entities() {
    return routing.types();
  }

  @Override
  public Storage storage(EntityType<?> type) {
    return routing.of(type);
  }

  @Override
  public List<TriggerableJob<?>> jobs() {
    return SimulatedJob.ALL;
  }

  @Override
  public SortedMap<String, String> sourceRequirements() {
    return new TreeMap<>();
  }

  ScriptedSource script() {
    return script;
  }

  /** The block with an event that no handler can handle; -1 without one. */
  long poisonedBlock() {
    return poisonedBlock;
  }

  @Override
  public String toString() {
    return "blocks=%d events=%d handlers=%d ids=%s poisonedBlock=%d %s"
        .formatted(
            script.currentBlocks().size(), events, handlers.size(), spread, poisonedBlock, routing);
  }
}
