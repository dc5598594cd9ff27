package dev.millrace.clickhouse;

import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.clickhouse.client.RowBuffer;
import dev.millrace.clickhouse.client.Server;
import dev.millrace.clickhouse.client.ValueType;
import dev.millrace.pipeline.Ends;
import dev.millrace.pipeline.LaneMirror;
import dev.millrace.pipeline.Ledger;
import dev.millrace.pipeline.MirrorGroup;
import dev.millrace.pipeline.Probe;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The mirror of one lane. */
final class ClickHouseLane implements LaneMirror {
  private final LaneName lane;

  /** For the start of a lane, which may scan whole tables. */
  private final Server patient;

  private final Server server;

  /** A server of its own: a call that misses its deadline closes all connections of its server. */
  private final Server publishing;

  private final List<MirrorTable<?>> tables;
  private final Inserts inserts;
  private final Housekeeping housekeeping;
  private final Probe probe;

  /** Confined to the mirror thread. */
  private final RowBuffer rows = new RowBuffer();

  /** The last group tried; confined to the mirror thread. */
  private @Nullable GroupInsert last;

  ClickHouseLane(
      LaneName lane,
      MirrorSettings settings,
      List<MirrorTable<?>> tables,
      Inserts inserts,
      Housekeeping housekeeping,
      Probe probe) {
    this.lane = lane;
    this.patient = new Server(settings);
    this.server = new Server(settings.ofLane());
    this.publishing = new Server(settings.ofLane());
    this.tables = tables;
    this.inserts = inserts;
    this.housekeeping = housekeeping;
    this.probe = probe;
  }

  @Override
  public void follow(Ledger ledger) {
    FencedDrop.withdrawFences(patient);
    new LedgerCheck(patient, lane, ledger).run();
  }

  @Override
  public void insert(MirrorGroup group) {
    GroupInsert known = last;
    GroupInsert current =
        known != null && known.isOf(group) ? known : new GroupInsert(lane, group, tables);
    last = current;
    current.run(server, inserts, rows, probe);
    last = null;
  }

  @Override
  public void publish(Ends ends) {
    publish(publishing, inserts, lane.chain(), ends);
    housekeeping.told(lane.chain(), ends);
    probe.pass(Probe.Point.PUBLISHING, ends.commit());
  }

  /** Publishes all ends in one insert, so that what changes together becomes visible together. */
  static void publish(Server server, Inserts inserts, long chain, Ends ends) {
    RowBuffer said = new RowBuffer();
    for (Ends.End end : ends.ends()) {
      said.putLong(chain);
      said.putLong(end.epoch());
      said.putLong(end.checkpoint());
      said.putLong(ends.by());
      said.putLong(ends.commit());
      said.putLong(ends.settled());
      said.putLong(ValueType.micros(end.opened()));
    }
    if (said.length() > 0) {
      server.insert(
          "publish of commit " + ends.commit(),
          OwnTables.ENDS,
          OwnTables.ENDS_COLUMNS,
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
