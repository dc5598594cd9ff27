package dev.millrace.simulation;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.EpochEnds;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.pipeline.ExecutedBatch;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.LaneMirror;
import dev.millrace.pipeline.MirrorGroup;
import dev.millrace.staging.TableChanges;
import dev.millrace.testkit.RowVersion;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The access of one process to a lane of a {@link MemoryMirror}. */
final class MemoryMirrorLane implements LaneMirror {
  private final MemoryMirror mirror;
  private final String lane;
  private final Failpoint failpoint;
  private volatile boolean closed;

  MemoryMirrorLane(MemoryMirror mirror, String lane, Failpoint failpoint) {
    this.mirror = mirror;
    this.lane = lane;
    this.failpoint = failpoint;
  }

  @Override
  public void follow(EpochHistory epochHistory) {
    checkOpen();
    mirror.follow(lane, epochHistory);
  }

  /** Checks every value before it sends the first. */
  @Override
  public void insert(MirrorGroup group) {
    checkOpen();
    Map<EntityType<?>, List<MirrorContents.Stored>> rows = new LinkedHashMap<>();
    mirror.types().forEach(type -> rows.put(type, versions(type, group)));
    long batch = group.batches().getLast().number();
    rows.forEach((type, versions) -> {
      int step = mirror.blockRows();
      for (int from = 0; from < versions.size(); from += step) {
        List<MirrorContents.Stored> block =
            versions.subList(from, Math.min(from + step, versions.size()));
        String token =
            "%d %d..%d %d"
                .formatted(group.epoch(), group.firstCheckpoint(), group.lastCheckpoint(), from);
        checkOpen();
        mirror.call(
            "insert %s %s".formatted(type.table(), token),
            (contents, late) -> contents.insert(type, lane + " " + token, block, late));
        failpoint.reached(Failpoint.Point.MIRRORING, batch);
      }
    });
  }

  private <E> List<MirrorContents.Stored> versions(EntityType<E> type, MirrorGroup group) {
    List<MirrorContents.Stored> versions = new ArrayList<>();
    for (ExecutedBatch batch : group.batches()) {
      TableChanges<E> changes = batch.changes().of(type).orElse(null);
      for (int i = 0; changes != null && i < changes.size(); i++) {
        E row = changes.after(i);
        if (row != null && mirror.refuses(row)) {
          throw new MillraceException(
              Remedy.FIX_HANDLER,
              "row is refused: table=%s id=%s %s"
                  .formatted(
                      type.table(),
                      changes.id(i),
                      batch.batch().events().get(changes.event(i)).describe()));
        }
        versions.add(
            new MirrorContents.Stored(
                lane,
                type,
                group.epoch(),
                new RowVersion(
                    type.table(),
                    changes.id(i),
                    changes.checkpoint(i),
                    row == null ? null : RowValues.copy(type, row))));
      }
    }
    return versions;
  }

  @Override
  public void publish(EpochEnds ends) {
    checkOpen();
    mirror.call(
        "publish %d %d".formatted(ends.publisherEpoch(), ends.commit()),
        (contents, late) -> contents.publish(lane, ends, late));
    failpoint.reached(Failpoint.Point.PUBLISHING, ends.commit());
  }

  private void checkOpen() {
    if (closed) {
      throw new MillraceException(Remedy.RESTART, "mirror was closed: lane=" + lane);
    }
  }

  @Override
  public void close() {
    closed = true;
  }
}
