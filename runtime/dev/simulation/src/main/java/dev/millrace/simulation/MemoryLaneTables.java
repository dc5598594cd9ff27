package dev.millrace.simulation;

import com.google.errorprone.annotations.FormatMethod;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.EffectResult;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.pipeline.EventTrigger;
import dev.millrace.pipeline.ExecutedBatch;
import dev.millrace.pipeline.Frontier;
import dev.millrace.pipeline.Source;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.pipeline.SourceEvent;
import dev.millrace.staging.NetTableChanges;
import dev.millrace.staging.TableChanges;
import dev.millrace.testkit.UndoLogRow;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The durable state of one lane. Guarded by the store's lock. */
final class MemoryLaneTables {
  private final Map<EntityType<?>, Map<Object, Object>> tables = new LinkedHashMap<>();
  private final List<UndoLogRow> undo = new ArrayList<>();
  private final Map<List<String>, EffectResult> effects = new LinkedHashMap<>();
  private final TreeMap<Long, Kept> blocks = new TreeMap<>();
  private final List<Source.DiscoveredContract> found = new ArrayList<>();
  private final List<EventTrigger> triggers = new ArrayList<>();
  private final List<MemoryStore.Commit> commits = new ArrayList<>();
  private final List<String> indexes = new ArrayList<>();
  private long finalBlock = -1;
  private long rewinds;
  private long finalCheckpoint;

  private final MemoryEpochs epochs;
  private final LaneStateHistory states = new LaneStateHistory();
  private Frontier frontier = new Frontier(0, 0, 0, null);

  /** A remembered block, and the checkpoint of the lane after it. */
  private record Kept(Bytes32 hash, long checkpoint) {}

  MemoryLaneTables(List<EntityType<?>> types) {
    types.forEach(type -> tables.put(type, new HashMap<>()));
    epochs = new MemoryEpochs();
  }

  /** Copies the current state. */
  MemoryLaneTables(MemoryLaneTables other) {
    other.tables.forEach((type, rows) -> tables.put(type, new HashMap<>(rows)));
    undo.addAll(other.undo);
    effects.putAll(other.effects);
    blocks.putAll(other.blocks);
    found.addAll(other.found);
    triggers.addAll(other.triggers);
    commits.addAll(other.commits);
    indexes.addAll(other.indexes);
    finalBlock = other.finalBlock;
    rewinds = other.rewinds;
    finalCheckpoint = other.finalCheckpoint;
    epochs = new MemoryEpochs(other.epochs);
    frontier = other.frontier;
  }

  Frontier takeOver(long epoch, boolean mirrored) {
    epochs.open(epoch, frontier, mirrored);
    frontier = new Frontier(epoch, frontier.commit(), frontier.checkpoint(), frontier.place());
    states.keep(frontier, tables);
    return frontier;
  }

  LaneStateHistory states() {
    return states;
  }

  /** Returns the epoch history if the lane is held in this epoch. */
  EpochHistory epochHistory(String identity, long epoch) {
    fence(epoch);
    return epochHistory(identity);
  }

  EpochHistory epochHistory(String identity) {
    return new EpochHistory(
        identity,
        frontier.epoch(),
        frontier.commit(),
        frontier.checkpoint(),
        finalCheckpoint,
        epochs.until(frontier.checkpoint()));
  }

  Source.ResumePoint resumePoint() {
    List<Source.BlockRef> window = new ArrayList<>();
    blocks.forEach((number, kept) -> window.add(new Source.BlockRef(number, kept.hash())));
    return new Source.ResumePoint(frontier.place(), window, found, finalBlock >= 0);
  }

  /** Undoes everything above a block, unless an earlier try has done so. */
  Frontier rewind(Source.@Nullable BlockRef to, long epoch, long next) {
    if (frontier.epoch() == next) {
      return frontier;
    }
    fence(epoch);
    Source.BlockRef place = frontier.place();
    long target = to == null ? -1 : to.block();
    if (place != null && place.block() > target) {
      must(target >= finalBlock, "final blocks stay: to=%d final=%d", target, finalBlock);
      Map.Entry<Long, Kept> kept = blocks.floorEntry(target);
      must(
          to == null || (kept != null && kept.getValue().hash().equals(to.hash())),
          "survivor is not remembered: to=%s",
          to);
      undo(target, kept == null ? 0 : kept.getValue().checkpoint());
      place = to;
    }
    long durable = frontier.checkpoint();
    frontier = new Frontier(next, frontier.commit(), Math.min(durable, lastCheckpoint()), place);
    epochs.openAfterRewind(next, durable, frontier);
    states.keep(frontier, tables);
    rewinds++;
    return frontier;
  }

  private long lastCheckpoint() {
    Map.Entry<Long, Kept> last = blocks.lastEntry();
    return last == null ? 0 : last.getValue().checkpoint();
  }

  private void undo(long block, long checkpoint) {
    for (UndoLogRow row : undo.reversed()) {
      if (row.checkpoint() > checkpoint) {
        Map<Object, Object> rows = rows(row.table());
        Object before = row.before();
        if (before == null) {
          rows.remove(row.id());
        } else {
          rows.put(row.id(), before);
        }
      }
    }
    undo.removeIf(row -> row.checkpoint() > checkpoint);
    blocks.tailMap(block, false).clear();
    found.removeIf(contract -> contract.at().block() > block);
    triggers.removeIf(trigger -> trigger.event().block() > block);
    effects.values().removeIf(effect -> effect.checkpoint() > checkpoint);
  }

  private Map<Object, Object> rows(String table) {
    return rows(
        tables.keySet().stream()
            .filter(type -> type.table().equals(table))
            .findFirst()
            .orElseThrow());
  }

  /** Deletes the history at or below a final block: no rewind needs it. */
  private void prune(long finality) {
    if (finality <= finalBlock) {
      return;
    }
    Map.Entry<Long, Kept> anchor = blocks.floorEntry(finality);
    if (anchor != null) {
      finalBlock = anchor.getKey();
      finalCheckpoint = anchor.getValue().checkpoint();
      undo.removeIf(row -> row.checkpoint() <= finalCheckpoint);
      blocks.headMap(finalBlock, false).clear();
    }
  }

  long rewinds() {
    return rewinds;
  }

  /** The last checkpoint that can no longer be undone. */
  long finalCheckpoint() {
    return finalCheckpoint;
  }

  Map<Object, Object> rows(EntityType<?> type) {
    Map<Object, Object> rows = tables.get(type);
    if (rows == null) {
      throw new MillraceException(Remedy.REPORT_BUG, "table does not exist: table=" + type.table());
    }
    return rows;
  }

  List<UndoLogRow> undo() {
    return List.copyOf(undo);
  }

  List<EventTrigger> triggers() {
    return List.copyOf(triggers);
  }

  List<EffectResult> effects() {
    return List.copyOf(effects.values());
  }

  Map<String, String> effects(String effect, Iterable<String> inputs) {
    Map<String, String> found = new HashMap<>();
    for (String input : inputs) {
      EffectResult result = effects.get(List.of(effect, input));
      if (result != null) {
        found.put(input, result.output());
      }
    }
    return found;
  }

  List<MemoryStore.Commit> commits() {
    return List.copyOf(commits);
  }

  List<String> indexes() {
    return List.copyOf(indexes);
  }

  void index(String description) {
    indexes.add(description);
  }

  Frontier frontier() {
    return frontier;
  }

  /** True if an earlier try of this commit has succeeded; throws if another holder is ahead. */
  boolean isDone(long epoch, long number) {
    if (frontier.epoch() == epoch && frontier.commit() == number) {
      return true;
    }
    fence(epoch);
    if (frontier.commit() != number - 1) {
      throw new MillraceException(
          Remedy.YIELD,
          "lane was taken over: epoch=%d commit=%d holder=%d at=%d"
              .formatted(epoch, number, frontier.epoch(), frontier.commit()));
    }
    return false;
  }

  private void fence(long epoch) {
    if (frontier.epoch() != epoch) {
      throw new MillraceException(
          Remedy.YIELD,
          "lane was taken over: epoch=%d holder=%d".formatted(epoch, frontier.epoch()));
    }
  }

  /** Commits a group; checks all of it before any change is applied. */
  void commit(CommitGroup group) {
    long checkpoint = frontier.checkpoint();
    for (ExecutedBatch batch : group.batches()) {
      checkpoint += blocksWithEvents(batch.batch().events());
      must(
          checkpoint == batch.changes().lastCheckpoint(),
          "checkpoint is out of line: expected=%d batch=%s",
          checkpoint,
          batch.changes().lastCheckpoint());
      must(
          batch.changes().reversible() == group.isReversible(),
          "group mixes both sides of the window: commit=%d",
          group.number());
    }
    SourceBlock last = group.last().batch().last();
    Source.BlockRef place = frontier.place();
    must(
        place == null || place.block() < last.number(),
        "block is not ahead of the frontier: block=%d",
        last.number());
    List<UndoLogRow> history = new ArrayList<>();
    tables.keySet().forEach(type -> history.addAll(walk(type, group)));
    tables.keySet().forEach(type -> apply(type, group));
    if (group.isReversible()) {
      undo.addAll(history);
    }
    for (EffectResult effect : group.effects()) {
      EffectResult known = effects.put(List.of(effect.effect(), effect.input()), effect);
      must(known == null, "effect is stored already: effect=%s", effect);
    }
    triggers.addAll(group.triggers());
    remember(group);
    frontier =
        new Frontier(
            frontier.epoch(),
            group.number(),
            group.checkpoint(),
            new Source.BlockRef(last.number(), last.hash()));
    states.keep(frontier, tables);
    commits.add(
        new MemoryStore.Commit(
            group.number(),
            frontier.epoch(),
            group.batches().stream().map(ExecutedBatch::number).toList(),
            group.checkpoint(),
            last.number(),
            group.isReversible()));
  }

  private void remember(CommitGroup group) {
    long before = frontier.checkpoint();
    for (ExecutedBatch executed : group.batches()) {
      Batch batch = executed.batch();
      for (SourceBlock block : batch.blocks()) {
        long passed =
            blocksWithEvents(
                batch.events().stream()
                    .filter(event -> event.block().number() <= block.number())
                    .toList());
        blocks.put(block.number(), new Kept(block.hash(), before + passed));
      }
      before = executed.changes().lastCheckpoint();
      blocks.put(batch.last().number(), new Kept(batch.last().hash(), before));
      found.addAll(batch.found());
      prune(batch.finalBlock());
    }
  }

  private static long blocksWithEvents(List<SourceEvent> events) {
    return events.stream().mapToLong(event -> event.block().number()).distinct().count();
  }

  /** Checks the changes one by one against the stored rows, and returns their undo rows. */
  private <E> List<UndoLogRow> walk(EntityType<E> type, CommitGroup group) {
    Map<Object, @Nullable Object> now = new HashMap<>();
    List<UndoLogRow> history = new ArrayList<>();
    for (TableChanges<E> changes : group.changesOf(type)) {
      Set<List<Object>> seen = new HashSet<>();
      for (int i = 0; i < changes.size(); i++) {
        Object id = changes.id(i);
        Object stood = now.containsKey(id) ? now.get(id) : rows(type).get(id);
        must(
            changes.isBlind(i) || RowValues.haveSameValues(type, changes.before(i), stood),
            "change misremembers what stood there: change=%s stood=%s",
            type.table() + " " + id,
            stood);
        must(
            type.isImmutable()
                || seen.add(
                    changes.keepsVersions() ? List.of(id, changes.checkpoint(i)) : List.of(id)),
            "row has two changes: row=%s",
            type.table() + " " + id);
        must(!type.isImmutable() || stood == null, "row exists already: row=%s", id);
        history.add(new UndoLogRow(type.table(), id, changes.checkpoint(i), stood));
        now.put(id, changes.after(i));
      }
    }
    return history;
  }

  private <E> void apply(EntityType<E> type, CommitGroup group) {
    NetTableChanges<E> net = NetTableChanges.of(type, group.changesOf(type));
    Map<Object, Object> rows = rows(type);
    for (E row : net.inserts()) {
      Object old = rows.put(type.id(row), RowValues.copy(type, row));
      must(old == null, "insert over a row: row=%s", row);
    }
    for (E row : net.updates()) {
      Object old = rows.put(type.id(row), RowValues.copy(type, row));
      must(old != null, "update of a missing row: row=%s", row);
    }
    for (E row : net.upserts()) {
      rows.put(type.id(row), RowValues.copy(type, row));
    }
    for (Object id : net.deletes()) {
      boolean blind = group.changesOf(type).stream().anyMatch(changes -> isBlind(changes, id));
      must(rows.remove(id) != null || blind, "delete of a missing row: id=%s", id);
    }
  }

  private static boolean isBlind(TableChanges<?> changes, Object id) {
    for (int i = 0; i < changes.size(); i++) {
      if (changes.id(i).equals(id)) {
        return changes.isBlind(i);
      }
    }
    return false;
  }

  @FormatMethod
  private static void must(boolean holds, String rule, @Nullable Object... values) {
    if (!holds) {
      throw new MillraceException(Remedy.REPORT_BUG, rule.formatted(values));
    }
  }
}
