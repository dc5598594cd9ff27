package dev.millrace.source;

import dev.millrace.evm.EvmContext;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.Effect;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.pipeline.SourceEvent;
import dev.millrace.source.WorldDefinition.Reads;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.lang.reflect.UndeclaredThrowableException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * State of a lane: its events and its resume point. It refuses batches that do not follow one
 * another, as a store would, undoes the blocks that a rewind replaces, and loses uncommitted state
 * in a crash.
 */
final class WorldLane {
  private static final Context CONTEXT =
      (Context)
          Proxy.newProxyInstance(
              Context.class.getClassLoader(), new Class<?>[] {Context.class}, effects());

  private final WorldChain chain;
  private final Reads reads;
  private State now = State.START;
  private State committed = State.START;
  private String beside = "";
  private String contract = "";
  private Object decoded = "";
  private Source.@Nullable BlockRef delivered;

  /** A breach of the contract of a source. */
  static final class Breach extends AssertionError {
    private static final long serialVersionUID = 1L;

    Breach(String what) {
      super(what);
    }
  }

  private record Line(long block, String text) {}

  /** The whole state after a batch. Never changed. */
  private record State(
      List<Line> events,
      List<Source.DiscoveredContract> found,
      TreeMap<Long, Source.BlockRef> window,
      Source.@Nullable BlockRef last,
      long finalBlock) {
    static final State START = new State(List.of(), List.of(), new TreeMap<>(), null, -1);
  }

  WorldLane(WorldChain chain, Reads reads) {
    this.chain = chain;
    this.reads = reads;
  }

  /** Takes the arguments of a handler. */
  void take(String name, Object event, EvmContext context) {
    contract = name + "@" + context.contract();
    decoded = event;
    beside =
        switch (reads) {
          case NOTHING -> "";
          case TIME -> Long.toString(context.block().timestamp().getEpochSecond());
          case TRANSACTION -> {
            long nonce = context.transaction().nonce();
            yield nonce == context.block().number()
                ? context.transaction().hash().toString()
                : "transaction of another block: nonce=" + nonce;
          }
        };
  }

  /** Reads the effects of handlers directly from the chain. */
  private static InvocationHandler effects() {
    return (_, method, arguments) -> {
      if (!method.getName().equals("effect") || !(arguments[0] instanceof Effect<?, ?> effect)) {
        throw new UnsupportedOperationException(method.getName());
      }
      return answer(effect, arguments[1]);
    };
  }

  @SuppressWarnings("unchecked")
  private static <I, O> O answer(Effect<I, O> effect, Object input) throws Exception {
    return effect.answer((I) input);
  }

  Source.ResumePoint resumePoint() {
    State state = committed;
    return new Source.ResumePoint(
        state.last(), List.copyOf(state.window().values()), state.found(), state.finalBlock() >= 0);
  }

  List<String> events() {
    return now.events().stream().map(Line::text).toList();
  }

  Source.@Nullable BlockRef last() {
    return now.last();
  }

  /** The greatest block that was ever delivered as final, committed or not. */
  Source.@Nullable BlockRef deliveredFinal() {
    return delivered;
  }

  private long finalizedBlock() {
    Source.BlockRef place = delivered;
    return place == null ? -1 : place.block();
  }

  void accept(Batch batch) throws Exception {
    check(batch);
    List<Line> events = new ArrayList<>(now.events());
    for (SourceEvent event : batch.events()) {
      handle(event);
      WorldBlock block = chain.by(event.block().hash());
      if (block == null || block.number != event.block().number()) {
        throw new Breach("event of a block that never was: " + event.describe());
      }
      String text = "%s-%d %s %s %s".formatted(block, event.logIndex(), contract, decoded, beside);
      events.add(new Line(block.number, text));
    }
    List<Source.DiscoveredContract> found = new ArrayList<>(now.found());
    found.addAll(batch.found());
    TreeMap<Long, Source.BlockRef> window = new TreeMap<>(now.window());
    for (SourceBlock block : batch.blocks()) {
      window.put(block.number(), new Source.BlockRef(block.number(), block.hash()));
    }
    Source.BlockRef last = new Source.BlockRef(batch.last().number(), batch.last().hash());
    window.put(last.block(), last);
    Long base = window.floorKey(batch.finalBlock());
    if (base != null) {
      window.headMap(base, false).clear();
    }
    if (base != null && base > finalizedBlock()) {
      delivered = window.get(base);
    }
    long lowestFinal = base == null ? -1 : base;
    long finalBlock = Math.max(now.finalBlock(), lowestFinal);
    now = new State(List.copyOf(events), List.copyOf(found), window, last, finalBlock);
  }

  private static void handle(SourceEvent event) throws Exception {
    try {
      event.handler().handle(event, CONTEXT);
    } catch (UndeclaredThrowableException wrapped) {
      if (wrapped.getCause() instanceof InterruptedException ended) {
        throw ended;
      }
      throw wrapped;
    }
  }

  private void check(Batch batch) {
    Source.BlockRef before = now.last();
    long above = before == null ? -1 : before.block();
    SourceBlock last = batch.last();
    require(last.number() > above, "batch does not go on: " + last);
    require(last.isComplete(), "last block is not complete: " + last);
    WorldBlock known = chain.by(last.hash());
    require(known != null && known.number == last.number(), "last block never was: " + last);
    require(
        last.timestamp() != null
            && known != null
            && last.timestamp().getEpochSecond() == known.time,
        "last block has another time: " + last);
    long previous = -1;
    for (SourceEvent event : batch.events()) {
      require(event.id().value() > previous, "events are out of order: " + event.describe());
      require(event.block().number() > above, "event was told before: " + event.describe());
      require(event.block().number() <= last.number(), "event of later: " + event.describe());
      previous = event.id().value();
    }
    long finder = -1;
    for (Source.DiscoveredContract found : batch.found()) {
      require(found.at().value() >= finder, "found contracts are out of order: " + found);
      require(
          found.at().block() > above && found.at().block() <= last.number(),
          "contract is found elsewhere: " + found);
      finder = found.at().value();
    }
    if (batch.reversible()) {
      checkReversible(batch, before);
    }
  }

  private static void checkReversible(Batch batch, Source.@Nullable BlockRef before) {
    Source.BlockRef parent = before;
    require(!batch.blocks().isEmpty(), "reversible batch has no blocks: " + batch.last());
    for (SourceBlock block : batch.blocks()) {
      require(block.isComplete(), "reversible block is not complete: " + block);
      require(
          parent == null
              || (block.number() == parent.block() + 1
                  && Objects.equals(parent.hash(), block.parent())),
          "block does not follow the one before it: " + block);
      parent = new Source.BlockRef(block.number(), block.hash());
    }
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new Breach(otherwise);
    }
  }

  void commit() {
    committed = now;
  }

  /** Simulates the death of the process: uncommitted state is lost. */
  void crash() {
    now = committed;
  }

  /** Resets the lane, as the command does. */
  void reset() {
    now = State.START;
    committed = now;
    delivered = null;
  }

  /** Undoes the state above a block, after batches in transit have been committed or dropped. */
  void rewind(Source.@Nullable BlockRef to, Random random) {
    if (random.nextInt(3) == 0) {
      now = committed;
    }
    Source.BlockRef last = now.last();
    if (to == null) {
      require(
          now.window().isEmpty() || now.finalBlock() < now.window().firstKey(),
          "rewind to the beginning below what is final: " + now.finalBlock());
      now = State.START;
    } else if (last != null && last.block() >= to.block()) {
      require(
          to.block() >= now.finalBlock(),
          "rewind below what is final: to=" + to + " final=" + now.finalBlock());
      require(to.equals(now.window().get(to.block())), "rewind to a block that is not held: " + to);
      TreeMap<Long, Source.BlockRef> window = new TreeMap<>(now.window().headMap(to.block(), true));
      now =
          new State(
              now.events().stream().filter(line -> line.block() <= to.block()).toList(),
              now.found().stream().filter(each -> each.at().block() <= to.block()).toList(),
              window,
              to,
              now.finalBlock());
    }
    committed = now;
  }
}
