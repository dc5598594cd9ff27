package dev.millrace.clickhouse;

import dev.millrace.clickhouse.client.ClickHouseDatabase;
import dev.millrace.clickhouse.client.ClickHouseTypes;
import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.clickhouse.client.RowBinaryBuffer;
import dev.millrace.pipeline.EpochEnds;
import dev.millrace.pipeline.EpochHistory;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.LaneMirror;
import dev.millrace.pipeline.MirrorGroup;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The mirror of one lane. */
final class ClickHouseLane implements LaneMirror {
  private final LaneId lane;

  /** For the start of a lane, which may scan whole tables. */
  private final ClickHouseDatabase patient;

  private final ClickHouseDatabase server;

  /** A server of its own: a call that misses its deadline closes all connections of its server. */
  private final ClickHouseDatabase publishing;

  private final List<MirrorTable<?>> tables;
  private final InsertSettings inserts;
  private final Housekeeping housekeeping;
  private final Failpoint failpoint;

  /** Confined to the mirror thread. */
  private final RowBinaryBuffer rows = new RowBinaryBuffer();

  /** The last group tried; confined to the mirror thread. */
  private @Nullable MirrorGroupInsert last;

  ClickHouseLane(
      LaneId lane,
      MirrorSettings settings,
      List<MirrorTable<?>> tables,
      InsertSettings inserts,
      Housekeeping housekeeping,
      Failpoint failpoint) {
    this.lane = lane;
    this.patient = new ClickHouseDatabase(settings);
    this.server = new ClickHouseDatabase(settings.ofLane());
    this.publishing = new ClickHouseDatabase(settings.ofLane());
    this.tables = tables;
    this.inserts = inserts;
    this.housekeeping = housekeeping;
    this.failpoint = failpoint;
  }

  @Override
  public void follow(EpochHistory epochHistory) {
    FencedDrop.withdrawFences(patient);
    new MirrorConsistencyCheck(patient, lane, epochHistory).run();
  }

  @Override
  public void insert(MirrorGroup group) {
    MirrorGroupInsert known = last;
    MirrorGroupInsert current =
        known != null && known.isOf(group) ? known : new MirrorGroupInsert(lane, group, tables);
    last = current;
    current.run(server, inserts, rows, failpoint);
    last = null;
  }

  @Override
  public void publish(EpochEnds ends) {
    publish(publishing, inserts, lane.chain(), ends);
    housekeeping.published(lane.chain(), ends);
    failpoint.reached(Failpoint.Point.PUBLISHING, ends.commit());
  }

  /** Publishes all ends in one insert, so that what changes together becomes visible together. */
  static void publish(
      ClickHouseDatabase server, InsertSettings inserts, long chain, EpochEnds ends) {
    RowBinaryBuffer said = new RowBinaryBuffer();
    for (EpochEnds.End end : ends.ends()) {
      said.putLong(chain);
      said.putLong(end.epoch());
      said.putLong(end.checkpoint());
      said.putLong(ends.publisherEpoch());
      said.putLong(ends.commit());
      said.putLong(ends.finalizedCheckpoint());
      said.putLong(ClickHouseTypes.micros(end.opened()));
    }
    if (said.length() > 0) {
      server.insert(
          "publish of commit " + ends.commit(),
          MirrorBookkeeping.ENDS,
          MirrorBookkeeping.ENDS_COLUMNS,
          said,
          inserts.settings());
    }
  }

  @Override
  public void close() {
    patient.close();
    server.close();
    publishing.close();
  }
}
