package dev.millrace.testkit;

import dev.millrace.loaders.ColumnType;
import dev.millrace.loaders.EntityType;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Effect;
import dev.millrace.pipeline.EventTrigger;
import dev.millrace.pipeline.Indexer;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.pipeline.SourceEvent;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The oracle: the same handlers, one event at a time, against plain maps. No cache, batch, queue or
 * thread, and therefore slow. Every other way to run an indexer must leave the same rows.
 */
public final class SerialOracle {
  private final Map<Class<?>, EntityType<?>> types = new LinkedHashMap<>();
  private final Map<EntityType<?>, Map<Object, Object>> tables = new LinkedHashMap<>();
  private final Map<List<Object>, Object> answers = new HashMap<>();
  private final Map<String, Effect<?, ?>> effects = new HashMap<>();
  private final List<UndoLogRow> undo = new ArrayList<>();
  private final Map<List<Object>, RowVersion> versions = new LinkedHashMap<>();
  private final TreeMap<Long, Long> checkpoints = new TreeMap<>();
  private final List<String> kept = new ArrayList<>();
  private final List<Source.DiscoveredContract> found = new ArrayList<>();
  private final Set<String> jobs = new TreeSet<>();
  private final List<EventTrigger> triggers = new ArrayList<>();
  private long checkpoint;
  private long events;
  private @Nullable SourceBlock reached;

  public SerialOracle(List<EntityType<?>> entities) {
    for (EntityType<?> type : entities) {
      types.put(type.type(), type);
      tables.put(type, new HashMap<>());
    }
  }

  /** An oracle of an indexer, its jobs included. */
  public SerialOracle(Indexer indexer) {
    this(indexer.entities());
    indexer.jobs().forEach(job -> jobs.add(job.name()));
  }

  /** Runs a stream from its start to its end. */
  public SerialOracle run(Source source) throws Exception {
    return run(source, Long.MAX_VALUE);
  }

  /** Runs a stream from its start through a block, as if it ended there. */
  public SerialOracle run(Source source, long lastBlock) throws Exception {
    try (Source.Feed feed = source.open(Source.ResumePoint.START)) {
      Source.Step step = feed.next(1);
      while (step instanceof Batch batch) {
        batch.found().stream().filter(one -> one.at().block() <= lastBlock).forEach(found::add);
        List<SourceEvent> left = new ArrayList<>(batch.events());
        left.removeIf(event -> event.block().number() > lastBlock);
        while (!left.isEmpty()) {
          long block = left.getFirst().block().number();
          List<SourceEvent> one =
              left.stream().filter(event -> event.block().number() == block).toList();
          run(one);
          left.removeAll(one);
        }
        if (batch.last().number() <= lastBlock) {
          reached = batch.last();
        }
        step = batch.last().number() >= lastBlock ? null : feed.next(1);
      }
    }
    return this;
  }

  /** Runs all events of one block. */
  private void run(List<SourceEvent> block) throws Exception {
    checkpoint++;
    Map<List<Object>, UndoLogRow> before = new LinkedHashMap<>();
    for (SourceEvent event : block) {
      OracleContext context = new OracleContext(this);
      event.handler().handle(event, context);
      context.rethrow();
      context.writes().forEach(write -> apply(write, before));
      keepTriggers(event, context.triggers());
      events++;
    }
    undo.addAll(before.values());
    checkpoints.put(block.getFirst().block().number(), checkpoint);
  }

  private void keepTriggers(SourceEvent event, List<OracleContext.TriggerCall> calls) {
    for (int ordinal = 0; ordinal < calls.size(); ordinal++) {
      OracleContext.TriggerCall call = calls.get(ordinal);
      triggers.add(
          new EventTrigger(
              event.id(),
              event.block().hash(),
              ordinal,
              call.job().name(),
              call.job().moment(),
              call.text()));
    }
  }

  private void apply(OracleContext.Write write, Map<List<Object>, UndoLogRow> before) {
    Map<Object, Object> rows = table(write.type());
    Object row = write.row();
    Object old = row == null ? rows.remove(write.id()) : rows.put(write.id(), row);
    if (old != null && write.type().isImmutable()) {
      throw new AssertionError("immutable row was written twice: row=" + old);
    }
    before.putIfAbsent(
        List.of(write.type(), write.id()),
        new UndoLogRow(write.type().table(), write.id(), checkpoint, old));
    versions.put(
        List.of(write.type(), write.id(), checkpoint),
        new RowVersion(write.type().table(), write.id(), checkpoint, row));
  }

  void apply(OracleContext.Write write) {
    apply(write, new HashMap<>());
  }

  <E> EntityType<E> type(Class<E> type) {
    EntityType<?> known = types.get(type);
    if (known == null) {
      throw new IllegalArgumentException("entity is not part of this indexer: entity=" + type);
    }
    @SuppressWarnings("unchecked")
    EntityType<E> same = (EntityType<E>) known;
    return same;
  }

  Map<Object, Object> table(EntityType<?> type) {
    Map<Object, Object> table = tables.get(type);
    if (table == null) {
      throw new IllegalArgumentException("entity is not part of this indexer: entity=" + type);
    }
    return table;
  }

  Set<String> jobs() {
    return jobs;
  }

  /** Returns the jobs that the events so far have triggered, in order. */
  public List<EventTrigger> triggers() {
    return List.copyOf(triggers);
  }

  /** Refuses a second effect of the same name, as a lane does. */
  void requireOneOfAName(Effect<?, ?> effect) {
    effect.requireSame(effects.computeIfAbsent(effect.name(), _ -> effect));
  }

  /** Answers of effects so far, by effect and input. */
  Map<List<Object>, Object> answers() {
    return answers;
  }

  void keepAnswer(String effect) {
    kept.add(effect + "@" + checkpoint);
  }

  /** Returns the effects that have stored an answer, as {@code effect@checkpoint}. */
  public List<String> keptAnswers() {
    return kept.stream().sorted().toList();
  }

  /** Returns the rows of a table by id, in id order. */
  public <E> Map<Object, E> rows(EntityType<E> type) {
    Map<Object, E> rows = new TreeMap<>(byId(type));
    table(type).forEach((id, row) -> rows.put(id, type.type().cast(row)));
    return rows;
  }

  /** Returns the rows before each block above a checkpoint, once per row and checkpoint. */
  public List<UndoLogRow> undo(long above) {
    return undo.stream().filter(row -> row.checkpoint() > above).toList();
  }

  /** Returns the states of rows after each block that saved or deleted them, by checkpoint. */
  public List<RowVersion> versions(EntityType<?> type) {
    return versions.values().stream()
        .filter(version -> version.table().equals(type.table()))
        .toList();
  }

  /** Returns the rows of a table by id, as of a checkpoint. */
  public <E> Map<Object, E> rows(EntityType<E> type, long at) {
    return rows(type, versions(type), at);
  }

  /** Returns the rows that these versions leave by id, as of a checkpoint. */
  public static <E> Map<Object, E> rows(
      EntityType<E> type, Iterable<RowVersion> versions, long at) {
    Map<Object, E> rows = new TreeMap<>(byId(type));
    for (RowVersion version : versions) {
      Object row = version.row();
      if (version.checkpoint() > at) {
        continue;
      }
      if (row == null) {
        rows.remove(version.id());
      } else {
        rows.put(version.id(), type.type().cast(row));
      }
    }
    return rows;
  }

  /** Returns the checkpoint after a block, with or without events. */
  public long checkpointAt(long block) {
    Map.Entry<Long, Long> last = checkpoints.floorEntry(block);
    return last == null ? 0 : last.getValue();
  }

  /** Returns the contracts discovered so far, in order. */
  public List<Source.DiscoveredContract> found() {
    return List.copyOf(found);
  }

  /** Number of blocks with events so far. */
  public long checkpoint() {
    return checkpoint;
  }

  public long events() {
    return events;
  }

  /** The last block, with or without events; -1 before the first. */
  public long block() {
    SourceBlock last = reached;
    return last == null ? -1 : last.number();
  }

  /** Orders ids as queries do. */
  public static Comparator<Object> byId(EntityType<?> type) {
    return (left, right) -> {
      List<Object> a = type.parts(left);
      List<Object> b = type.parts(right);
      for (int i = 0; i < a.size(); i++) {
        ColumnType column = type.ids().get(i).type();
        int compared = column.compare(a.get(i), b.get(i));
        if (compared != 0) {
          return compared;
        }
      }
      return 0;
    };
  }
}
