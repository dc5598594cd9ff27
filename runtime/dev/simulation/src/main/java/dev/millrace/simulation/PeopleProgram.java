package dev.millrace.simulation;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Storage;
import dev.millrace.loaders.TriggerableJob;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.Effect;
import dev.millrace.pipeline.Indexer;
import dev.millrace.simulation.OddRows.Parcel;
import dev.millrace.simulation.OddRows.Sight;
import dev.millrace.simulation.SimulatedOperations.Move;
import dev.millrace.testkit.ScriptedSource;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A random program whose handlers have habits, and the random chain that it runs over. */
final class PeopleProgram implements Indexer {
  private static final List<HandlerHabit> HABITS =
      Stream.of(
              ThrowingHabits.ALL,
              ContextHabits.ALL,
              ThreadHabits.ALL,
              EffectHabits.ALL,
              ValueHabits.ALL,
              KeyHabits.ALL)
          .flatMap(List::stream)
          .toList();
  private static final int MAX_HABITS = 3;

  private final String name;
  private final Storage storage;
  private final List<EntityType<?>> entities = OddRows.withSimRows();
  private final ScriptedSource script = new ScriptedSource();
  private final List<PeopleHandler> events = new CopyOnWriteArrayList<>();
  private final Map<EventId, List<PeopleHandler>> everAt = new ConcurrentHashMap<>();
  private final Set<HandlerHabit> habits = new HashSet<>();
  private volatile SharedHandlerState state = new SharedHandlerState(false);

  private PeopleProgram(String name, Storage storage) {
    this.name = name;
    this.storage = storage;
  }

  PeopleProgram(long seed, int maxBlocks) {
    this("people_" + seed, Storage.POSTGRES);
    Random random = new Random(seed);
    SimulatedOperations.SimSpread spread =
        new SimulatedOperations.SimSpread(4 + random.nextInt(40), 2 + random.nextInt(20), 5);
    Effect<Long, Long> outside = Effect.of("outside", Long.class, Long.class, in -> in * 7 - 3);
    Effect<String, String> once =
        Effect.of("once", String.class, String.class, in -> in + "!").persisted();
    List<Move> moves = new ArrayList<>();
    for (int i = random.nextInt(6); i > 0; i--) {
      moves.add(SimulatedOperations.ALL.get(random.nextInt(SimulatedOperations.ALL.size())));
    }
    List<HandlerHabit> chosen = new ArrayList<>();
    for (int i = 1 + random.nextInt(MAX_HABITS); i > 0; i--) {
      chosen.add(HABITS.get(random.nextInt(HABITS.size())));
    }
    habits.addAll(chosen);
    PeopleHandler.Work work =
        (context, id, eventSeed) ->
            new SimulatedOperations(context, spread, outside, once, eventSeed).make(moves, id);
    int blocks = 3 + random.nextInt(25);
    int busy = 1 + random.nextInt(6);
    int rare = 1 + random.nextInt(12);
    Supplier<List<PeopleHandler>> draw =
        () -> {
          List<PeopleHandler> handlers = new ArrayList<>();
          for (int i = random.nextInt(busy + 1); i > 0; i--) {
            HandlerHabit habit =
                random.nextInt(rare) == 0 ? chosen.get(random.nextInt(chosen.size())) : null;
            handlers.add(
                new PeopleHandler("people-" + i, work, habit, random.nextLong(), this::state));
          }
          return handlers;
        };
    addBlock(List.of(genesis()));
    for (int block = 0; block < blocks; block++) {
      List<PeopleHandler> handlers = draw.get();
      if (block < maxBlocks) {
        addBlock(handlers);
      }
    }
    if (random.nextInt(3) == 0) {
      planReorgs(random, draw);
    }
  }

  /** Plans one or two reorgs, each from a random block on, once earlier blocks have been read. */
  private void planReorgs(Random random, Supplier<List<PeopleHandler>> draw) {
    int last = script.currentBlocks().size() - 1;
    int lastFinal = random.nextInt(last);
    script.finalTo(lastFinal);
    for (int i = 1 + random.nextInt(2); i > 0; i--) {
      long from = lastFinal + 1L + random.nextInt(last - lastFinal);
      List<List<PeopleHandler>> branch = new ArrayList<>();
      for (long block = from; block <= last + i % 2; block++) {
        branch.add(draw.get());
      }
      script.then(() -> {
        script.cut(from);
        branch.forEach(this::addBlock);
      });
    }
  }

  private void addBlock(List<PeopleHandler> handlers) {
    events.addAll(handlers);
    for (int i = 0; i < handlers.size(); i++) {
      everAt
          .computeIfAbsent(
              EventId.of(script.currentBlocks().size(), i), _ -> new CopyOnWriteArrayList<>())
          .add(handlers.get(i));
    }
    script.block(handlers);
  }

  /** Returns the handlers of an event, on any branch so far, that may have failed. */
  List<PeopleHandler> suspects(EventId id, String handler) {
    return everAt.getOrDefault(id, List.of()).stream()
        .filter(one -> one.name().equals(handler) && one.mayFail())
        .toList();
  }

  /** True if a handler may interrupt another, innocent one. */
  boolean hasLateInterrupts() {
    return events.stream().anyMatch(PeopleProgram::interruptsLate);
  }

  /** Fixes all handlers that interrupt late. */
  void mendLateInterrupts() {
    events.stream().filter(PeopleProgram::interruptsLate).forEach(PeopleHandler::mend);
  }

  private static boolean interruptsLate(PeopleHandler event) {
    return ThreadHabits.LATE_INTERRUPT.equals(event.habit());
  }

  /** Saves each odd value and id once, in both stores; a later event reads each of them. */
  static PeopleProgram ofOddValues() {
    PeopleProgram program = new PeopleProgram("odd_values", Storage.BOTH);
    List<HandlerHabit> odd = new ArrayList<>(ValueHabits.inTwoStores());
    odd.addAll(KeyHabits.ALL);
    program.habits.addAll(odd);
    program.addBlock(List.of(program.genesis()));
    long block = 1;
    for (HandlerHabit habit : odd) {
      program.addBlock(List.of(program.handler("saves", (_, _, _) -> {}, habit)));
      EventId saved = EventId.of(block, 0);
      program.addBlock(
          List.of(program.handler("reads", (context, id, _) -> look(context, id, saved), null)));
      block += 2;
    }
    return program;
  }

  private PeopleHandler handler(
      String handlerName, PeopleHandler.Work work, @Nullable HandlerHabit habit) {
    return new PeopleHandler(handlerName, work, habit, 0, this::state);
  }

  private static void look(Context context, EventId id, EventId saved) {
    String seen = context.find(Parcel.class, saved).map(OddRows::describe).orElse("");
    context.save(new Sight(id, saved, seen));
  }

  /** Saves rows that never change. */
  private PeopleHandler genesis() {
    PeopleHandler.Work work =
        (context, _, _) -> {
          for (int i = 0; i < 8; i++) {
            Address id = Address.of("0x%040x".formatted(0xF000 + i));
            context.save(new SimulatedRows.Account(id, BigInteger.ZERO, i, null));
          }
        };
    return new PeopleHandler("genesis", work, null, 0, this::state);
  }

  ScriptedSource script() {
    return script;
  }

  /** All events of the chain, in order. */
  List<PeopleHandler> events() {
    return events;
  }

  private SharedHandlerState state() {
    return state;
  }

  /** Starts another process, or the oracle, for which no outside service fails. */
  SharedHandlerState begin(boolean oracle) {
    SharedHandlerState fresh = new SharedHandlerState(oracle);
    state = fresh;
    return fresh;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<EntityType<?>> entities() {
    return entities;
  }

  @Override
  public List<TriggerableJob<?>> jobs() {
    return SimulatedJob.ALL;
  }

  @Override
  public Storage storage(EntityType<?> type) {
    return storage;
  }

  @Override
  public SortedMap<String, String> sourceRequirements() {
    return new TreeMap<>();
  }

  @Override
  public String toString() {
    return "blocks=%d events=%d habits=%s"
        .formatted(script.currentBlocks().size(), events.size(), habits);
  }
}
