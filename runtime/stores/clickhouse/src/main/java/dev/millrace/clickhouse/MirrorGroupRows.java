package dev.millrace.clickhouse;

import dev.millrace.clickhouse.client.ClickHouseTypes;
import dev.millrace.clickhouse.client.RowBinaryBuffer;
import dev.millrace.loaders.EntityColumn;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.ExecutedBatch;
import dev.millrace.pipeline.MirrorGroup;
import dev.millrace.pipeline.SourceBlock;
import dev.millrace.staging.TableChanges;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * The rows of a group that go to one table, part by part. Made only of values that ClickHouse can
 * hold: others are refused here, before anything is sent.
 */
sealed interface MirrorGroupRows {
  String table();

  List<String> columns();

  boolean isPartitioned();

  /** True if rows may expire by a TTL as soon as they are written. */
  boolean expires();

  int parts();

  int size(int part);

  void write(int part, int index, RowBinaryBuffer out);

  /** Puts the blocks first: then every epoch in the tables of rows is also in the small table. */
  static List<MirrorGroupRows> of(LaneId lane, MirrorGroup group, List<MirrorTable<?>> tables) {
    List<MirrorGroupRows> all = new ArrayList<>();
    all.add(Reached.of(lane, group));
    tables.forEach(table -> all.add(Versions.of(lane, group, table)));
    return all;
  }

  /** All versions of all rows of an entity. */
  record Versions<E>(LaneId lane, long epoch, MirrorTable<E> target, List<TableChanges<E>> changes)
      implements MirrorGroupRows {

    static <E> Versions<E> of(LaneId lane, MirrorGroup group, MirrorTable<E> target) {
      refuseUnstorable(group, target);
      return new Versions<>(lane, group.epoch(), target, group.changesOf(target.type()));
    }

    /** Refuses, before anything is sent, a value that ClickHouse cannot hold. */
    private static <E> void refuseUnstorable(MirrorGroup group, MirrorTable<E> target) {
      if (!target.encoder().mayNotFit()) {
        return;
      }
      for (ExecutedBatch batch : group.batches()) {
        batch
            .changes()
            .of(target.type())
            .ifPresent(changes -> refuseUnstorable(batch, target, changes));
      }
    }

    private static <E> void refuseUnstorable(
        ExecutedBatch batch, MirrorTable<E> target, TableChanges<E> changes) {
      for (int i = 0; i < changes.size(); i++) {
        E after = changes.after(i);
        EntityColumn unstorable = after == null ? null : target.encoder().unstorableColumn(after);
        if (unstorable != null) {
          throw new MillraceException(
              Remedy.FIX_HANDLER,
              "integer needs more than 255 bits, which only an @Unsigned one has in ClickHouse:"
                  + " entity=%s field=%s id=%s %s"
                      .formatted(
                          target.type(),
                          unstorable,
                          changes.id(i),
                          batch.batch().events().get(changes.event(i)).describe()));
        }
      }
    }

    @Override
    public String table() {
      return target.name();
    }

    @Override
    public List<String> columns() {
      return target.all();
    }

    @Override
    public boolean isPartitioned() {
      return target.isPartitioned();
    }

    @Override
    public boolean expires() {
      return !target.type().layout().ttl().isEmpty();
    }

    @Override
    public int parts() {
      return changes.size();
    }

    @Override
    public int size(int part) {
      return changes.get(part).size();
    }

    @Override
    public void write(int part, int index, RowBinaryBuffer out) {
      target.encoder().write(lane.chain(), epoch, changes.get(part), index, out);
    }
  }

  /** The blocks behind the checkpoints. */
  record Reached(LaneId lane, long epoch, List<List<ExecutedBatch.BlockCheckpoint>> batches)
      implements MirrorGroupRows {

    static Reached of(LaneId lane, MirrorGroup group) {
      return new Reached(
          lane, group.epoch(), group.batches().stream().map(ExecutedBatch::reached).toList());
    }

    @Override
    public String table() {
      return MirrorBookkeeping.REACHED;
    }

    @Override
    public List<String> columns() {
      return MirrorBookkeeping.REACHED_COLUMNS;
    }

    @Override
    public boolean isPartitioned() {
      return false;
    }

    @Override
    public boolean expires() {
      return false;
    }

    @Override
    public int parts() {
      return batches.size();
    }

    @Override
    public int size(int part) {
      return batches.get(part).size();
    }

    @Override
    public void write(int part, int index, RowBinaryBuffer out) {
      ExecutedBatch.BlockCheckpoint reached = batches.get(part).get(index);
      write(lane.chain(), reached.block(), epoch, reached.checkpoint(), out);
    }

    static void write(
        long chain, SourceBlock block, long epoch, long checkpoint, RowBinaryBuffer out) {
      out.putLong(chain);
      out.putLong(block.number());
      out.putWord(block.hash());
      Instant time = block.timestamp();
      out.putByte(time == null ? 1 : 0);
      if (time != null) {
        out.putLong(ClickHouseTypes.micros(time));
      }
      out.putLong(epoch);
      out.putLong(checkpoint);
    }
  }
}
